/** Reads texts, numbers and objects of Fastjson 2's JSONB (see jsonb-body.ts for the codes). */
import { interned, latin1, utf8 } from '../text.ts';

const longestText = 8192;
const maxDepth = 32;
const maxSymbols = 1024;

const nullCode = 0xaf;
const objectCode = 0xa6;
const objectEnd = 0xa5;
const typedCode = 0x92;
const symbolCode = 0x7f;
const referenceCode = 0x93;

export class JsonbReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Names and types that later ones refer to by number. */
  readonly #symbols: (string | undefined)[] = [];

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** A whole number; NaN when there is none. */
  int(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    const left = this.#end - at;
    const code = left > 0 ? bytes[at]! : nullCode;
    if (code <= 0x2f || code >= 0xf0) return this.#passed(1, (code << 24) >> 24);
    if (code <= 0x3f && left > 1) return this.#passed(2, ((code - 0x38) << 8) + bytes[at + 1]!);
    if (code >= 0x40 && code <= 0x47 && left > 2)
      return this.#passed(3, ((code - 0x44) << 16) + bytes.readUInt16BE(at + 1));
    if (code === 0x48 && left > 4) return this.#passed(5, bytes.readInt32BE(at + 1));
    if (code === 0xbd && left > 1) return this.#passed(2, bytes.readInt8(at + 1));
    if (code === 0xbc && left > 2) return this.#passed(3, bytes.readInt16BE(at + 1));
    return Number.NaN;
  }

  /** A text; null for what is none, which is not passed. */
  text(): string | null {
    const at = this.#at;
    if (at >= this.#end) return null;
    const code = this.#bytes[at]!;
    if (code >= 0x49 && code <= 0x78) return this.#characters(at, at + 1, code - 0x49, 0x79);
    if (code < 0x79 || code > 0x7d) return null;
    this.#at++;
    return this.#characters(at, this.#at, this.int(), code);
  }

  #characters(valueAt: number, empty: number, length: number, code: number): string | null {
    const start = Math.max(this.#at, empty);
    if (!(length >= 0) || start + length > this.#end) {
      this.#at = valueAt;
      return null;
    }
    const stop = start + length;
    this.#at = stop;
    const shown = Math.min(stop, start + longestText);
    switch (code) {
      case 0x79:
        return length <= 64 ? interned.get(this.#bytes, start, stop) : latin1(this.#bytes, start, shown);
      case 0x7a:
        return utf8(this.#bytes, start, shown);
      case 0x7d:
        return Buffer.from(this.#bytes.subarray(start, start + ((shown - start) & ~1)))
          .swap16()
          .toString('utf16le');
      default:
        return this.#bytes.toString('utf16le', start, shown);
    }
  }

  /** An object: its type's name, '' without one. `take` gets every entry whose key and value are texts. What cannot be passed ends it. */
  object(take: (key: string, value: string) => void): string {
    let type = '';
    if (this.#code() === typedCode) {
      this.#at++;
      type = this.#numbered() ?? '';
    }
    if (this.#code() !== objectCode) return type;
    this.#at++;
    while (this.#at < this.#end && this.#code() !== objectEnd) {
      const key = this.#key();
      if (key === null) return type;
      const value = this.text();
      if (value === null) {
        if (!this.#skip(0)) return type;
      } else take(key, value);
    }
    return type;
  }

  #code(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : nullCode;
  }

  /** A key: a text, or marked as one that has a number. */
  #key(): string | null {
    if (this.#code() !== symbolCode) return this.text();
    this.#at++;
    return this.#numbered();
  }

  /** A text and its number, or the number of an earlier text. */
  #numbered(): string | null {
    const text = this.text();
    const number = this.int();
    if (text === null) return Number.isNaN(number) ? null : (this.#symbols[Math.abs(number)] ?? '');
    if (number >= 0 && number < maxSymbols) this.#symbols[number] = text;
    return text;
  }

  #skip(depth: number): boolean {
    if (depth > maxDepth || this.#at >= this.#end) return false;
    const code = this.#code();
    if (code <= 0x48 || code >= 0xf0 || code === 0xbd || code === 0xbc) return !Number.isNaN(this.int());
    if (code <= 0x7d) return this.text() !== null;
    this.#at++;
    if (code >= 0xd8) return true;
    if (code >= 0xc8) return this.#pass(1);
    if (code >= 0xc0) return this.#pass(2);
    if (code >= 0x94 && code <= 0xa4) return this.#skipList(code, depth);
    switch (code) {
      case nullCode:
      case 0xb0:
      case 0xb1:
      case 0xb2:
      case 0xb3:
        return true;
      case 0xb7:
      case 0xbf:
      case 0xac:
        return this.#pass(4);
      case 0xb5:
      case 0xbe:
      case 0xab:
        return this.#pass(8);
      case 0xb4:
      case 0xb6:
      case 0xba:
        return this.#skip(depth + 1);
      case referenceCode:
        return this.text() !== null;
      case typedCode:
        return this.#numbered() !== null && this.#skip(depth + 1);
      case objectCode:
        while (this.#at < this.#end) {
          if (this.#code() === objectEnd) return this.#pass(1);
          if (this.#key() === null || !this.#skip(depth + 1)) return false;
        }
        return false;
      default:
        return false;
    }
  }

  /** 94 to a3: a list of 0 to 15 values; a4: of as many as an int says. */
  #skipList(code: number, depth: number): boolean {
    const count = code === 0xa4 ? this.int() : code - 0x94;
    if (!(count >= 0)) return false;
    for (let index = 0; index < count; index++) if (!this.#skip(depth + 1)) return false;
    return true;
  }

  #pass(size: number): boolean {
    if (this.#at + size > this.#end) return false;
    this.#at += size;
    return true;
  }

  #passed(size: number, value: number): number {
    this.#at += size;
    return value;
  }
}
