/**
 * Reads the fields of a Tars (earlier: Jce) structure. Each begins with a byte: its tag in the upper four bits (15: the tag is the next
 * byte), its type in the lower four:
 *
 *   0 to 3  whole number of 1, 2, 4, 8 bytes     6  text, u8 length      10, 11  begin and end of a structure
 *   4, 5    float, double                        7  text, u32 length     12      the number 0
 *   8       map: count, then keys (tag 0) and values (tag 1)              13      bytes: a field head of type 0, the count, the bytes
 *   9       list: count, then elements (tag 0)
 *
 * Counts are fields of tag 0 themselves, of types 0 to 3 or 12.
 */
import { interned, utf8 } from '../text.ts';

const maxDepth = 32;
/** Entries of a map that are looked at. */
const maxEntries = 256;
const longestValue = 4096;

export const fieldTypes = { text1: 6, text4: 7, map: 8, simpleList: 13 } as const;

/** Walks over one structure's fields: `next()`, then one of the reads, or `skip()`. False: the bytes end or make no sense. */
export class TarsFields {
  tag = 0;
  type = 0;
  /** Position of the next byte. */
  at = 0;
  /** What {@link readNumber} found. */
  number = 0;
  #bytes: Buffer;
  #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  next(): boolean {
    if (this.at >= this.#end) return false;
    const head = this.#bytes[this.at++]!;
    this.type = head & 0xf;
    this.tag = head >>> 4;
    if (this.tag === 15) {
      if (this.at >= this.#end) return false;
      this.tag = this.#bytes[this.at++]!;
    }
    return true;
  }

  /** A whole number; of 8 bytes as the nearest double. */
  readNumber(): boolean {
    const bytes = this.#bytes;
    const { at, type } = this;
    if (type === 12) {
      this.number = 0;
      return true;
    }
    if (type > 3) return false;
    const size = 1 << type;
    if (at + size > this.#end) return false;
    this.at = at + size;
    if (type === 3) this.number = bytes.readInt32BE(at) * 0x100000000 + bytes.readUInt32BE(at + 4);
    else this.number = bytes.readIntBE(at, size);
    return true;
  }

  /** A text, of which no more than a few thousand bytes are taken. Null: it is none, or not whole. */
  readText(): string | null {
    const length = this.#textLength();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return length <= 64
      ? interned.get(this.#bytes, start, start + length)
      : utf8(this.#bytes, start, this.at, longestValue);
  }

  /** A map of texts; `take` sees each entry. Null when the bytes are not such a map. */
  readTexts(take: (key: string, value: string) => void): boolean {
    if (this.type !== fieldTypes.map) return false;
    const count = this.#count();
    if (count < 0) return false;
    for (let index = 0; index < count; index++) {
      if (!this.next()) return false;
      const key = this.readText();
      if (key === null || !this.next()) return false;
      const value = this.readText();
      if (value === null) return false;
      if (index < maxEntries) take(key, value);
    }
    return true;
  }

  /** Over the value of the current field. */
  skip(depth = 0): boolean {
    if (depth > maxDepth) return false;
    switch (this.type) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#pass(1 << this.type);
      case 4:
        return this.#pass(4);
      case 5:
        return this.#pass(8);
      case 6:
      case 7: {
        const length = this.#textLength();
        return length >= 0 && this.#pass(length);
      }
      case 8:
      case 9: {
        const count = this.#count() * (this.type === 8 ? 2 : 1);
        if (count < 0) return false;
        for (let index = 0; index < count; index++) if (!this.next() || !this.skip(depth + 1)) return false;
        return true;
      }
      case 10:
        return this.#skipStructure(depth);
      case 11:
      case 12:
        return true;
      case 13: {
        // The head of the elements, which are bytes.
        if (!this.next()) return false;
        const count = this.#count();
        return count >= 0 && this.#pass(count);
      }
      default:
        return false;
    }
  }

  #skipStructure(depth: number): boolean {
    while (this.next()) {
      if (this.type === 11) return true;
      if (!this.skip(depth + 1)) return false;
    }
    return false;
  }

  #textLength(): number {
    const { at, type } = this;
    if (type === fieldTypes.text1) {
      if (at >= this.#end) return -1;
      this.at = at + 1;
      const length = this.#bytes[at]!;
      return this.at + length <= this.#end ? length : -1;
    }
    if (type !== fieldTypes.text4 || at + 4 > this.#end) return -1;
    this.at = at + 4;
    const length = this.#bytes.readUInt32BE(at);
    return this.at + length <= this.#end ? length : -1;
  }

  /** The count that a map, a list or bytes begin with; keeps the type of the field. */
  #count(): number {
    const { type } = this;
    const found = this.next() && this.readNumber() && this.number >= 0;
    this.type = type;
    return found ? this.number : -1;
  }

  #pass(size: number): boolean {
    if (this.at + size > this.#end) return false;
    this.at += size;
    return true;
  }
}
