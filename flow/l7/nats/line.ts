/** A control line of NATS: a verb, words, CR LF. */
import type { Input } from '../input.ts';
import { find, interned } from '../text.ts';
import { longestVerb, type Verb, verbOf } from './verbs.ts';

/** Words whose places are kept; INFO and CONNECT have more, which nobody asks for. */
const maxWords = 20;
/** `max_control_line` is 4096 by default; INFO and CONNECT may be longer. */
export const longestLine = 4096;

/** Filled anew by {@link read}. */
export class ControlLine {
  verb: Verb | null = null;
  words = 0;
  /** Position behind the line; 0 while it is not whole. */
  next = 0;
  /** Where the line's text ends, and where the text behind the verb begins. */
  end = 0;
  rest = 0;
  readonly starts = new Int32Array(maxWords);
  readonly ends = new Int32Array(maxWords);

  /** `more` when the line is not whole, `no` when it is no line of NATS. */
  read(input: Input): 'yes' | 'more' | 'no' {
    const { bytes, start, end } = input;
    let at = start;
    while (at < end && at - start <= longestVerb && bytes[at]! > 0x20) at++;
    if (at - start > longestVerb || at === start) return 'no';
    if (at === end) return input.full ? 'no' : 'more';
    const verb = verbOf(interned.get(bytes, start, at));
    if (verb === undefined) return 'no';
    this.verb = verb;
    const long = verb.words[1] > maxWords;
    const feed = find(bytes, 0x0a, at, long ? end : Math.min(end, at + longestLine));
    if (feed < 0) return input.full || (!long && end - at >= longestLine) ? 'no' : 'more';
    this.end = bytes[feed - 1] === 0x0d ? feed - 1 : feed;
    this.next = feed + 1;
    this.rest = Math.min(at + 1, this.end);
    this.#split(bytes, at, this.end);
    return 'yes';
  }

  #split(bytes: Buffer, from: number, end: number): void {
    let at = from;
    let count = 0;
    while (count < maxWords) {
      while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
      if (at >= end) break;
      this.starts[count] = at;
      while (at < end && bytes[at] !== 0x20 && bytes[at] !== 0x09) at++;
      this.ends[count++] = at;
    }
    this.words = count;
  }

  /** A word as a number; -1 when it is none. */
  number(bytes: Buffer, index: number): number {
    const start = this.starts[index]!;
    const end = this.ends[index]!;
    if (end === start || end - start > 10) return -1;
    let value = 0;
    for (let at = start; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** How many words come before the sizes, when their number is one the verb may have; else -1. */
  wordsBeforeSizes(): number {
    const { body, words } = this.verb!;
    const sizes = body === 'line' ? 0 : body === 'payload' ? 1 : 2;
    const count = this.words - sizes;
    return count < words[0] || count > words[1] ? -1 : count;
  }
}
