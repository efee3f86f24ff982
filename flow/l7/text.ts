/** Texts from bytes: interned where few different ones are expected, cut at a length where they may be long. */

interface SlicingBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

const slots = 8192;
const longest = 64;

/**
 * Remembers texts by their bytes, so that a method, a host, a header's name becomes a JavaScript string only the first time it is
 * seen. Direct-mapped: a collision replaces, so its memory is bounded whatever comes.
 */
export class Interner {
  readonly #texts: string[] = new Array<string>(slots).fill('');

  /** The text of latin1 (ASCII) bytes. */
  get(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length <= 0) return '';
    if (length > longest) return latin1(bytes, start, end);
    let hash = length;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (slots - 1);
    const known = this.#texts[slot]!;
    if (known.length === length) {
      let index = 0;
      while (index < length && known.charCodeAt(index) === bytes[start + index]) index++;
      if (index === length) return known;
    }
    const text = latin1(bytes, start, end);
    this.#texts[slot] = text;
    return text;
  }
}

/** The interner that all parsers of a process share. */
export const interned = new Interner();

/** One character per byte: for ASCII, and where the bytes must be told apart. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as SlicingBuffer).latin1Slice(start, end);
}

/** UTF-8 text of at most `max` bytes; invalid bytes become U+FFFD. */
export function utf8(bytes: Buffer, start: number, end: number, max = 65_536): string {
  return (bytes as SlicingBuffer).utf8Slice(start, Math.min(end, start + max));
}

/** The first `max` characters; a text of its own, for a slice would keep the whole of a long one in memory. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : Buffer.from(text.slice(0, max)).toString();
}

/** A text of which few different ones are expected, and which may be UTF-8: a topic, a queue, a client's id. */
export function word(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) if (bytes[at]! > 0x7e) return utf8(bytes, start, end, 4096);
  return interned.get(bytes, start, end);
}

/** Whether the bytes at `at` are this ASCII text. False when they pass `end`. */
export function startsWith(bytes: Buffer, at: number, end: number, text: string): boolean {
  if (end - at < text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** Position of a byte in [start, end), or -1; for short distances quicker than Buffer.indexOf. */
export function find(bytes: Buffer, value: number, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === value) return at;
  return -1;
}

/** Position of the zero that ends a text, or `end`. */
export function zeroEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at++;
  return at;
}
