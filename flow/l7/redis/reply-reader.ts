/**
 * Reads what a Redis server sends. Only the first value of a reply says something of the call; the rest of any size is counted
 * through, and nothing of it is kept.
 *
 *   + - : _ # , (     one line                      * ~ > <count>\r\n   that many values (`?`: until a line `.`)
 *   $ ! = <length>\r\n<bytes>\r\n                    % | <count>\r\n    twice as many; | belongs to the value after it
 *   $?\r\n  then  ;<length>\r\n<bytes>\r\n …  until  ;0\r\n
 */
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned, utf8 } from '../text.ts';
import type { RedisState } from './parser.ts';
import { findLineEnd, longestNumberLine, number, readNumber, replyTypes } from './resp.ts';

/** Streamed aggregates inside each other. */
const maxDepth = 64;
const maxLine = 64 * 1024;
const shownText = 4096;

export class ReplyReader {
  readonly #session: Session;
  readonly #state: RedisState;
  #message: Message | null = null;
  /** The reply's own type is known, and with it all that is wanted of most. */
  #typed = false;
  /** Inside the attribute that comes before a reply. */
  #attribute = false;
  /** Values still to come of the current reply. */
  #left = 0;
  /** Values left outside of the streamed aggregates that are open; inside one, `#left` is Infinity. */
  readonly #outer: number[] = [];
  /** Between `$?` and `;0`. */
  #chunks = false;
  /** Elements of an array or push that may be a pushed message. */
  readonly #elements: string[] = [];
  #wanted = 0;
  /** Confirmations already seen of the SUBSCRIBE that waits. */
  #confirmed = 0;

  constructor(session: Session, state: RedisState) {
    this.#session = session;
    this.#state = state;
  }

  forget(): void {
    this.#message = null;
    this.#attribute = false;
    this.#left = 0;
    this.#outer.length = 0;
    this.#chunks = false;
    this.#confirmed = 0;
  }

  read(input: Input): number {
    const { end } = input;
    let at = input.start;
    if (this.#message === null) {
      this.#message = this.#session.begin('response', input);
      this.#typed = false;
      this.#left = 1;
      this.#wanted = 0;
      this.#elements.length = 0;
    }
    while (at < end) {
      const next = this.#value(input, at);
      if (next < 0) {
        this.forget();
        return lost;
      }
      if (next === 0) break;
      at = next;
      if (this.#left > 0) continue;
      if (this.#attribute) {
        this.#attribute = false;
        this.#left = 1;
        continue;
      }
      this.#finish();
      return at;
    }
    // Nothing of a reply is there: it begins when its first whole line does.
    if (at === input.start && !this.#typed && !this.#attribute) this.#message = null;
    return at;
  }

  /** The rest of the reply will never come. */
  cut(): void {
    if (this.#message === null || !this.#typed) return;
    this.#message.complete = false;
    this.#finish();
    this.forget();
  }

  /** Reads one value or the head of an aggregate. Returns the position after it, 0 when bytes are missing, -1 when it is none. */
  #value(input: Input, at: number): number {
    const { bytes, end } = input;
    const mark = bytes[at]!;
    if (this.#chunks) return this.#chunk(bytes, at, end);
    const message = this.#message!;
    const first = !this.#typed && !this.#attribute;
    switch (mark) {
      case 0x2b: // +
      case 0x2d: // -
      case 0x2c: // ,
      case 0x28: // (
      case 0x23: // #
      case 0x5f: // _
      case 0x3a: {
        const lineEnd = findLineEnd(bytes, at, end);
        if (lineEnd < 0) return end - at > maxLine || input.full ? -1 : 0;
        if (first) this.#scalar(message, mark, bytes, at + 1, lineEnd);
        else if (this.#wanted > 0) this.#element(bytes, at + 1, lineEnd);
        this.#left--;
        return lineEnd + 2;
      }
      case 0x24: // $
      case 0x21: // !
      case 0x3d:
        return this.#bulk(input, mark, at, first);
      case 0x2a: // *
      case 0x7e: // ~
      case 0x3e: // >
      case 0x25: // %
      case 0x7c:
        return this.#aggregate(bytes, mark, at, end, first);
      case 0x2e: // . ends a streamed aggregate
        if (this.#outer.length === 0) return -1;
        if (at + 2 >= end) return 0;
        if (bytes[at + 1] !== 0x0d || bytes[at + 2] !== 0x0a) return -1;
        this.#left = this.#outer.pop()! - 1;
        return at + 3;
      default:
        return -1;
    }
  }

  #type(message: Message, mark: number): void {
    this.#typed = true;
    message.fact('replyType', replyTypes[mark]!);
  }

  #scalar(message: Message, mark: number, bytes: Buffer, start: number, end: number): void {
    this.#type(message, mark);
    if (mark === 0x2d) this.#error(message, bytes, start, end);
    else {
      message.status = 'ok';
      if (mark === 0x2b) message.result = interned.get(bytes, start, Math.min(end, start + shownText));
    }
  }

  #error(message: Message, bytes: Buffer, start: number, end: number): void {
    message.status = 'server_error';
    message.error = utf8(bytes, start, end, shownText);
    let word = start;
    while (word < end && bytes[word]! >= 0x41 && bytes[word]! <= 0x5a) word++;
    if (word > start && (word === end || bytes[word] === 0x20)) message.statusCode = interned.get(bytes, start, word);
  }

  #bulk(input: Input, mark: number, at: number, first: boolean): number {
    const { bytes, end } = input;
    const message = this.#message!;
    if (bytes[at + 1] === 0x3f && at + 1 < end && mark === 0x24) {
      if (end - at < 4) return 0;
      if (first) this.#scalar(message, mark, bytes, at, at);
      this.#chunks = true;
      return at + 4;
    }
    const data = readNumber(bytes, at + 1, end);
    if (data <= 0) return data < 0 || end - at > longestNumberLine + 2 ? -1 : 0;
    const length = number;
    if (length < -1 || length > Number.MAX_SAFE_INTEGER / 4) return -1;
    if (length === -1) {
      if (first) this.#scalar(message, mark, bytes, data, data);
      else if (this.#wanted > 0) this.#element(bytes, data, data);
      this.#left--;
      return data;
    }
    if (mark === 0x21 || this.#wanted > 0) {
      const wanted = Math.min(length, shownText);
      if (end - data < wanted && !input.full) return 0;
    }
    if (first) {
      this.#type(message, mark);
      if (mark === 0x21) this.#error(message, bytes, data, Math.min(data + length, end));
      else message.status = 'ok';
    } else if (this.#wanted > 0) this.#element(bytes, data, Math.min(data + length, end, data + shownText));
    this.#left--;
    const next = data + length + 2;
    return next <= end && bytes[next - 2] !== 0x0d ? -1 : next;
  }

  #chunk(bytes: Buffer, at: number, end: number): number {
    if (bytes[at] !== 0x3b) return -1;
    const data = readNumber(bytes, at + 1, end);
    if (data <= 0) return data < 0 || end - at > longestNumberLine + 2 ? -1 : 0;
    if (number < 0 || number > 0xffffffff) return -1;
    if (number === 0) {
      this.#chunks = false;
      this.#left--;
      return data;
    }
    return data + number + 2;
  }

  #aggregate(bytes: Buffer, mark: number, at: number, end: number, first: boolean): number {
    const message = this.#message!;
    if (at + 1 < end && bytes[at + 1] === 0x3f) {
      if (end - at < 4) return 0;
      if (mark === 0x7c || this.#outer.length >= maxDepth) return -1;
      if (first) this.#head(message, mark, 0);
      this.#outer.push(this.#left);
      this.#left = Number.POSITIVE_INFINITY;
      return at + 4;
    }
    const next = readNumber(bytes, at + 1, end);
    if (next <= 0) return next < 0 || end - at > longestNumberLine + 2 ? -1 : 0;
    if (number < -1 || number > 0xffffffff) return -1;
    const count = Math.max(0, number);
    if (mark === 0x7c) {
      if (!first) this.#left += 2 * count;
      else if (count > 0) {
        this.#attribute = true;
        this.#left = 2 * count;
      }
      return next;
    }
    if (first) this.#head(message, mark, count);
    else this.#wanted = 0;
    this.#left += (mark === 0x25 ? 2 * count : count) - 1;
    return this.#left > Number.MAX_SAFE_INTEGER / 2 && this.#outer.length === 0 ? -1 : next;
  }

  #head(message: Message, mark: number, count: number): void {
    this.#type(message, mark);
    message.status = 'ok';
    // `message channel payload`, `pmessage pattern channel payload`, `subscribe channel count`, `invalidate keys`.
    if (mark === 0x3e || (mark === 0x2a && this.#state.subscribed && count >= 3 && count <= 4)) {
      this.#wanted = Math.min(count, 2);
    }
  }

  #element(bytes: Buffer, start: number, end: number): void {
    this.#wanted--;
    const text = interned.get(bytes, start, end);
    this.#elements.push(text);
    if (text === 'pmessage' && this.#elements.length === 1) this.#wanted++;
  }

  #finish(): void {
    const message = this.#message!;
    this.#message = null;
    const pushed = message.textFact('replyType') === 'Push';
    if ((pushed || this.#state.subscribed) && this.#elements.length > 0) {
      this.#push(message, pushed);
      this.#session.emit(message);
      return;
    }
    const request = this.#session.oldestPending;
    if (request === undefined) {
      if (this.#state.monitoring && message.result !== '') {
        message.kind = 'session';
        message.method = 'MONITOR';
      }
    } else if (request.facts !== null && message.status === 'ok') this.#answer(request);
    this.#session.emit(message);
  }

  #answer(request: Message): void {
    const select = request.textFact('select');
    if (select !== '') this.#state.namespace = select;
    // What follows is a dump and the stream of a primary, not replies.
    if (request.facts!.get('replicate') === true) this.#session.stop();
  }

  /** Confirmations answer the SUBSCRIBE that waits, one for each channel; all else was pushed. */
  #push(message: Message, pushed: boolean): void {
    const [kind, channel] = this.#elements;
    const request = this.#session.oldestPending;
    if (kind === undefined) return;
    const confirms = kind.endsWith('subscribe');
    if (confirms && request !== undefined && request.method.toLowerCase() === kind) {
      const expected = Number(request.facts?.get('channels') ?? 1);
      message.more = ++this.#confirmed < expected;
      if (!message.more) this.#confirmed = 0;
      return;
    }
    if (!pushed && !confirms && kind !== 'message' && kind !== 'pmessage' && kind !== 'smessage') return;
    message.kind = 'session';
    message.method = kind;
    message.resource = kind === 'pmessage' ? (this.#elements[2] ?? '') : (channel ?? '');
  }
}
