/**
 * Hessian 2 as its first implementations (3.1) wrote it, which SOFARPC keeps. What differs from the published one:
 *
 *   O  class definition: int, that many characters, int, names of fields     o  object: int class          J K R  reference: 1, 2, 4 bytes
 *   M  map: type?, keys and values, z                                         V  list: type?, length?, values, z
 *   v  list: int type, int length, values                                    s S x X  text     b B  bytes (small: more follows)
 *   d  date    g h i j k  doubles of 0, 0, 1, 2, 4 bytes    w  long of 4 bytes
 *   type: t and text of u16 length, or T and an int       length: l and 4 bytes, or n and 1
 */
import { HessianReader, maxDepth } from './reader.ts';

const endMark = 0x7a;

export class HessianDraftReader extends HessianReader {
  readText(): string | null {
    let text = '';
    for (;;) {
      if (this.at >= this.end) return this.fail(null);
      const code = this.bytes[this.at]!;
      const units = this.#textUnits(code);
      if (units < 0) {
        if (code === 0x4e) this.at++;
        return null;
      }
      const longer = this.takeCharacters(text, units);
      if (longer === null || (code !== 0x73 && code !== 0x78)) return longer;
      text = longer;
    }
  }

  #textUnits(code: number): number {
    if (code <= 0x1f) {
      this.at++;
      return code;
    }
    if (code !== 0x53 && code !== 0x73 && code !== 0x58 && code !== 0x78) return -1;
    this.at++;
    return this.readShort();
  }

  readMap(take: (key: string) => boolean): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== 0x4d) return false;
    this.at++;
    if (!this.#passType()) return false;
    while (!this.#atEndMark()) {
      const keyAt = this.at;
      const key = this.readText();
      if (this.at === keyAt && !this.skip(1)) return false;
      if (key === null || !take(key)) if (!this.skip(1)) return false;
    }
    return !this.failed;
  }

  #atEndMark(): boolean {
    if (this.at >= this.end) return this.fail(true);
    if (this.bytes[this.at] !== endMark) return false;
    this.at++;
    return true;
  }

  protected passDefinitions(): boolean {
    while (this.at < this.end && this.bytes[this.at] === 0x4f) {
      this.at++;
      const length = this.readInt();
      if (!(length >= 0)) return this.fail(false);
      if (!this.define(this.takeCharacters('', length), this.readInt())) return false;
    }
    return this.at < this.end;
  }

  protected beginObject(): number {
    if (this.bytes[this.at] !== 0x6f) return -1;
    this.at++;
    return this.readInt();
  }

  skip(depth = 0): boolean {
    if (depth > maxDepth || !this.passDefinitions()) return this.fail(false);
    const code = this.bytes[this.at]!;
    if (code <= 0x1f) return this.#skipText();
    if (code <= 0x2f) return this.pass(1 + code - 0x20);
    if (code >= 0xd8) return this.pass(code >= 0xf0 ? 2 : 1);
    if (code >= 0x80) return this.pass(code >= 0xd0 ? 3 : code >= 0xc0 ? 2 : 1);
    if (code >= 0x38 && code <= 0x3f) return this.pass(3);
    switch (code) {
      case 0x46: // F
      case 0x4e: // N
      case 0x54: // T
      case 0x67: // g
      case 0x68: // h
        return this.pass(1);
      case 0x4a: // J
      case 0x69: // i
        return this.pass(2);
      case 0x4b: // K
      case 0x6a: // j
        return this.pass(3);
      case 0x49: // I
      case 0x52: // R
      case 0x6b: // k
      case 0x77: // w
        return this.pass(5);
      case 0x44: // D
      case 0x4c: // L
      case 0x64: // d
        return this.pass(9);
      case 0x42: // B
      case 0x62: // b
        return this.#skipBytes();
      case 0x53: // S
      case 0x58: // X
      case 0x73: // s
      case 0x78: // x
        return this.#skipText();
      case 0x4d: // M
        this.at++;
        return this.#passType() && this.#skipToEnd(depth);
      case 0x56: // V
        this.at++;
        return this.#passType() && this.#passLength() && this.#skipToEnd(depth);
      case 0x76: // v
        this.at++;
        return !Number.isNaN(this.readInt()) && this.skipMany(this.readInt(), depth);
      case 0x6f: // o
        return this.skipFields(this.beginObject(), depth);
      default:
        return this.fail(false);
    }
  }

  #passType(): boolean {
    const code = this.at < this.end ? this.bytes[this.at] : 0;
    if (code === 0x74) {
      this.at++;
      const length = this.readShort();
      return length >= 0 && this.passCharacters(length);
    }
    if (code !== 0x54) return true;
    this.at++;
    return !Number.isNaN(this.readInt());
  }

  #passLength(): boolean {
    const code = this.at < this.end ? this.bytes[this.at] : 0;
    return code === 0x6c ? this.pass(5) : code === 0x6e ? this.pass(2) : true;
  }

  #skipToEnd(depth: number): boolean {
    while (!this.#atEndMark()) if (!this.skip(depth + 1)) return false;
    return !this.failed;
  }

  #skipText(): boolean {
    for (;;) {
      if (this.at >= this.end) return this.fail(false);
      const code = this.bytes[this.at]!;
      const units = this.#textUnits(code);
      if (units < 0 || !this.passCharacters(units)) return this.fail(false);
      if (code !== 0x73 && code !== 0x78) return true;
    }
  }

  #skipBytes(): boolean {
    for (;;) {
      if (this.at >= this.end) return this.fail(false);
      const code = this.bytes[this.at++]!;
      if (code >= 0x20 && code <= 0x2f) return this.pass(code - 0x20);
      if (code !== 0x42 && code !== 0x62) return this.fail(false);
      const length = this.readShort();
      if (length < 0 || !this.pass(length)) return false;
      if (code === 0x42) return true;
    }
  }
}
