/** What the two grammars of Hessian 2 share: numbers, characters, class definitions, objects. Dubbo and SOFARPC bodies are read with it. */
import { interned, utf8 } from '../text.ts';

/** Values nested deeper than this are not read. */
export const maxDepth = 48;
const maxDefinitions = 512;
const longestText = 8192;

/** A class with its fields, as its first object brings it; the names of the fields stay where they are until someone asks. */
interface Definition {
  name: string;
  fieldsAt: number;
  fields: number;
}

/**
 * Reads values one after the other from `at` on. What fails sets {@link failed} and stays so: lengths lie, bytes end. Every step passes at
 * least one byte, so no count makes it run longer than the bytes last.
 */
export abstract class HessianReader {
  at: number;
  failed = false;
  protected readonly bytes: Buffer;
  protected readonly end: number;
  readonly #definitions: Definition[] = [];

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** A text; null for a null, and for what is no text, which is not passed. At most a few thousand characters are kept. */
  abstract readText(): string | null;
  /** Over any value. */
  abstract skip(depth?: number): boolean;
  /** A map; `take` is called before each value with its key, and returns false when it has not read the value. */
  abstract readMap(take: (key: string) => boolean): boolean;
  /** Over a class definition if one is here. */
  protected abstract passDefinitions(): boolean;
  /** The number of the class of the object that begins here; -1 when no object does. */
  protected abstract beginObject(): number;

  /** A whole number of 32 bits; NaN when there is none. */
  readInt(): number {
    const { bytes, at } = this;
    if (at >= this.end) return this.fail(Number.NaN);
    const code = bytes[at]!;
    if (code >= 0x80 && code <= 0xbf) {
      this.at++;
      return code - 0x90;
    }
    if (code >= 0xc0 && code <= 0xcf && at + 1 < this.end) {
      this.at += 2;
      return ((code - 0xc8) << 8) + bytes[at + 1]!;
    }
    if (code >= 0xd0 && code <= 0xd7 && at + 2 < this.end) {
      this.at += 3;
      return ((code - 0xd4) << 16) + bytes.readUInt16BE(at + 1);
    }
    if (code === 0x49 && at + 4 < this.end) {
      this.at += 5;
      return bytes.readInt32BE(at + 1);
    }
    return this.fail(Number.NaN);
  }

  /** True or false; null when there is neither. */
  readBool(): boolean | null {
    const code = this.at < this.end ? this.bytes[this.at] : 0;
    if (code !== 0x54 && code !== 0x46) return null;
    this.at++;
    return code === 0x54;
  }

  /** An object: its class. `take` is called before each field and returns false when it has not read the value. '' when none begins here. */
  readObject(take: (field: string) => boolean): string {
    if (!this.passDefinitions()) return '';
    const definition = this.#definitions[this.beginObject()];
    if (definition === undefined) return '';
    const { name, fieldsAt, fields } = definition;
    let nameAt = fieldsAt;
    for (let index = 0; index < fields; index++) {
      const valueAt = this.at;
      this.at = nameAt;
      const field = this.readText();
      nameAt = this.at;
      this.at = valueAt;
      if (field === null || this.failed) break;
      if (!take(field) && !this.skip(1)) break;
    }
    return name;
  }

  /** Notes a class whose `fields` names follow, and passes these. */
  protected define(name: string | null, fields: number): boolean {
    if (name === null || !(fields >= 0) || fields > this.end - this.at) return this.fail(false);
    if (this.#definitions.length >= maxDefinitions) return this.fail(false);
    this.#definitions.push({ name, fieldsAt: this.at, fields });
    for (let index = 0; index < fields; index++) if (this.readText() === null) return this.fail(false);
    return true;
  }

  /** Over the fields of an object of the class with that number. */
  protected skipFields(number: number, depth: number): boolean {
    const definition = this.#definitions[number];
    if (definition === undefined) return this.fail(false);
    return this.skipMany(definition.fields, depth);
  }

  protected skipMany(count: number, depth: number): boolean {
    if (!(count >= 0)) return this.fail(false);
    for (let index = 0; index < count; index++) if (!this.skip(depth + 1)) return false;
    return true;
  }

  protected pass(size: number): boolean {
    if (this.at + size > this.end) return this.fail(false);
    this.at += size;
    return true;
  }

  protected readShort(): number {
    const { at } = this;
    if (at + 2 > this.end) return this.fail(-1);
    this.at = at + 2;
    return this.bytes.readUInt16BE(at);
  }

  /** Passes that many UTF-16 units, which is how Hessian counts a text; each is written in UTF-8 of its own. */
  protected passCharacters(units: number): boolean {
    const { bytes, end } = this;
    let { at } = this;
    for (let left = units; left > 0; left--) {
      if (at >= end) return this.fail(false);
      const first = bytes[at]!;
      if (first < 0x80) at++;
      else if (first < 0xe0) at += 2;
      else if (first < 0xf0) at += 3;
      else {
        at += 4;
        left--;
      }
    }
    if (at > end) return this.fail(false);
    this.at = at;
    return true;
  }

  /** The text of these characters, after what came in earlier pieces. */
  protected takeCharacters(before: string, units: number): string | null {
    const start = this.at;
    if (!this.passCharacters(units)) return null;
    if (before.length >= longestText) return before;
    const length = this.at - start;
    const text =
      length === units && length <= 64
        ? interned.get(this.bytes, start, this.at)
        : utf8(this.bytes, start, this.at, longestText - before.length);
    return before === '' ? text : before + text;
  }

  protected fail<Value>(value: Value): Value {
    this.failed = true;
    this.at = this.end;
    return value;
  }
}
