/**
 * Hessian 2.0 as published (hessian.caucho.com, Hessian 2.0 Serialization Protocol §4), which Dubbo writes. The first byte tells the value:
 *
 *   00-1f text          38-3f long, 3 bytes     49 I int             4f O object, class    57 W list             60-6f object
 *   20-2f bytes         41 A bytes, more        4a J date            51 Q reference        58 X list, length     70-77 list, type
 *   30-33 text          42 B bytes              4b K date, minutes   52 R text, more       59 Y long, 4 bytes    78-7f list
 *   34-37 bytes         43 C class definition   4c L long            53 S text             5a Z end              80-d7 int
 *                       44 D double             4d M map, type       54 T true             5b-5f double          d8-ff long
 *                       46 F false, 48 H map    4e N null            55 U list, type; 56 V list, type, length
 */
import { HessianReader, maxDepth } from './reader.ts';

const endMark = 0x5a;

export class Hessian2Reader extends HessianReader {
  readText(): string | null {
    let text = '';
    for (;;) {
      if (this.at >= this.end) return this.fail(null);
      const code = this.bytes[this.at]!;
      const last = code !== 0x52;
      const units = this.#textUnits(code);
      if (units < 0) {
        if (code === 0x4e) this.at++;
        return null;
      }
      const longer = this.takeCharacters(text, units);
      if (longer === null || last) return longer;
      text = longer;
    }
  }

  /** The length of the piece of text that begins here, which is passed; -1 when it is none. */
  #textUnits(code: number): number {
    if (code <= 0x1f) {
      this.at++;
      return code;
    }
    if (code >= 0x30 && code <= 0x33) {
      if (this.at + 2 > this.end) return this.fail(-1);
      this.at += 2;
      return ((code - 0x30) << 8) + this.bytes[this.at - 1]!;
    }
    if (code !== 0x52 && code !== 0x53) return -1;
    this.at++;
    return this.readShort();
  }

  readMap(take: (key: string) => boolean): boolean {
    if (this.at >= this.end) return this.fail(false);
    const code = this.bytes[this.at]!;
    if (code !== 0x48 && code !== 0x4d) return false;
    this.at++;
    if (code === 0x4d && !this.skip(1)) return false;
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
    while (this.at < this.end && this.bytes[this.at] === 0x43) {
      this.at++;
      if (!this.define(this.readText(), this.readInt())) return false;
    }
    return this.at < this.end;
  }

  protected beginObject(): number {
    const code = this.bytes[this.at]!;
    if (code !== 0x4f && (code < 0x60 || code > 0x6f)) return -1;
    this.at++;
    return code === 0x4f ? this.readInt() : code - 0x60;
  }

  skip(depth = 0): boolean {
    if (depth > maxDepth || !this.passDefinitions()) return this.fail(false);
    const code = this.bytes[this.at]!;
    if (code <= 0x1f || (code >= 0x30 && code <= 0x33) || code === 0x52 || code === 0x53) return this.#skipText();
    if (code <= 0x37) return this.#skipBytes(code);
    this.at++;
    if (code <= 0x3f) return this.pass(2);
    if (code >= 0xd8) return this.pass(code >= 0xf0 ? 1 : 0);
    if (code >= 0x80) return this.pass(code >= 0xd0 ? 2 : code >= 0xc0 ? 1 : 0);
    if (code >= 0x78) return this.skipMany(code - 0x78, depth);
    if (code >= 0x70) return this.skip(depth + 1) && this.skipMany(code - 0x70, depth);
    if (code >= 0x60) return this.skipFields(code - 0x60, depth);
    switch (code) {
      case 0x46: // F
      case 0x4e: // N
      case 0x54: // T
      case 0x5b:
      case 0x5c:
        return true;
      case 0x5d:
        return this.pass(1);
      case 0x5e:
        return this.pass(2);
      case 0x49: // I
      case 0x4b: // K
      case 0x59: // Y
      case 0x5f:
        return this.pass(4);
      case 0x44: // D
      case 0x4a: // J
      case 0x4c: // L
        return this.pass(8);
      case 0x41: // A
      case 0x42: // B
        this.at--;
        return this.#skipBytes(code);
      case 0x4f: // O
        return this.skipFields(this.readInt(), depth);
      case 0x51: // Q
        return !Number.isNaN(this.readInt());
      case 0x4d: // M
        return this.skip(depth + 1) && this.#skipToEnd(depth);
      case 0x48: // H
      case 0x57: // W
        return this.#skipToEnd(depth);
      case 0x55: // U
        return this.skip(depth + 1) && this.#skipToEnd(depth);
      case 0x56: // V
        return this.skip(depth + 1) && this.skipMany(this.readInt(), depth);
      case 0x58: // X
        return this.skipMany(this.readInt(), depth);
      default:
        return this.fail(false);
    }
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
      if (code !== 0x52) return true;
    }
  }

  #skipBytes(first: number): boolean {
    let code = first;
    for (;;) {
      this.at++;
      if (code >= 0x20 && code <= 0x2f) return this.pass(code - 0x20);
      if (code >= 0x34 && code <= 0x37)
        return this.pass(1) && this.pass(((code - 0x34) << 8) + this.bytes[this.at - 1]!);
      if (code !== 0x41 && code !== 0x42) return this.fail(false);
      const length = this.readShort();
      if (length < 0 || !this.pass(length)) return false;
      if (code === 0x42) return true;
      if (this.at >= this.end) return this.fail(false);
      code = this.bytes[this.at]!;
    }
  }
}
