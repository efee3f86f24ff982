/**
 * Walks the top of a BSON document without building it (bsonspec.org 1.1).
 *
 *   length:4  then elements  type:1  name 0  value  …  0
 */
import { interned, utf8 } from '../text.ts';

export const bsonTypes = { double: 0x01, text: 0x02, document: 0x03, bool: 0x08, int32: 0x10, int64: 0x12 } as const;

/** Elements of one document that are looked at. */
const maxElements = 256;
const smallest = 5;

/** Lengths of values that have one length; negative: a text or document tells its own. */
const lengths: Readonly<Record<number, number>> = {
  1: 8,
  6: 0,
  7: 12,
  8: 1,
  9: 8,
  10: 0,
  16: 4,
  17: 8,
  18: 8,
  19: 16,
  127: 0,
  255: 0,
};

/** One element at a time; valid until the next `next()`. */
export class BsonWalker {
  name = '';
  type = 0;
  /** The value is bytes[start, end). */
  start = 0;
  end = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #limit = 0;
  #left = 0;

  /** Begins a document at `at`; false when there is none. What is behind `end` is not there yet, or never will be. */
  open(bytes: Buffer, at: number, end: number): boolean {
    if (at + smallest > end) return false;
    const length = bytes.readInt32LE(at);
    if (length < smallest) return false;
    this.#bytes = bytes;
    this.#at = at + 4;
    this.#limit = Math.min(end, at + length);
    this.#left = maxElements;
    return true;
  }

  /** Moves to the next element; false at the end, and when the document is broken or goes on behind what is there. */
  next(): boolean {
    const bytes = this.#bytes;
    const limit = this.#limit;
    let at = this.#at;
    if (at >= limit || bytes[at] === 0 || this.#left-- <= 0) return false;
    this.type = bytes[at]!;
    const nameAt = ++at;
    while (at < limit && bytes[at] !== 0) at++;
    if (at >= limit) return false;
    this.name = interned.get(bytes, nameAt, at);
    this.start = at + 1;
    const end = this.#valueEnd(this.start, limit);
    if (end < 0) return false;
    this.end = end;
    this.#at = end;
    return true;
  }

  #valueEnd(at: number, limit: number): number {
    const bytes = this.#bytes;
    const fixed = lengths[this.type];
    if (fixed !== undefined) return at + fixed <= limit ? at + fixed : -1;
    switch (this.type) {
      case 0x02: // text
      case 0x0d: // code
      case 0x0e: // symbol
        return this.#sized(at, limit, 4);
      case 0x03: // document
      case 0x04: // array
      case 0x0f: // code with scope
        return this.#sized(at, limit, 0);
      case 0x05: // binary
        return this.#sized(at, limit, 5);
      case 0x0c: // reference
        return this.#sized(at, limit, 16);
      case 0x0b: {
        // regular expression and its options
        let end = at;
        for (let texts = 0; texts < 2; texts++) {
          while (end < limit && bytes[end] !== 0) end++;
          end++;
        }
        return end <= limit ? end : -1;
      }
      default:
        return -1;
    }
  }

  /** A value with its length in front; the value itself may end behind what is there. */
  #sized(at: number, limit: number, more: number): number {
    if (at + 4 > limit) return -1;
    const length = this.#bytes.readInt32LE(at);
    return length < 0 ? -1 : at + length + more;
  }

  /** The value as text; empty when it is none. */
  text(): string {
    if (this.type !== bsonTypes.text) return '';
    return utf8(this.#bytes, this.start + 4, Math.min(this.#limit, this.end - 1), 4096);
  }

  /** The value as a number; NaN when it is none. */
  number(): number {
    if (this.end > this.#limit) return Number.NaN;
    switch (this.type) {
      case bsonTypes.double:
        return this.#bytes.readDoubleLE(this.start);
      case bsonTypes.int32:
        return this.#bytes.readInt32LE(this.start);
      case bsonTypes.int64:
        return this.#bytes.readInt32LE(this.start + 4) * 0x1_0000_0000 + this.#bytes.readUInt32LE(this.start);
      case bsonTypes.bool:
        return this.#bytes[this.start]!;
      default:
        return Number.NaN;
    }
  }
}
