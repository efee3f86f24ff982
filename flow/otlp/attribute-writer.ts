/** Writes OTLP attributes (`KeyValue` messages) one after the other, with keys encoded once per process. */
import { putVarint, textSize, varintSize, WireBytes } from './wire-bytes.ts';

/** A key as it stands in a KeyValue message, with the tag of the value behind it. Make one per attribute name, when the module loads. */
export interface AttributeKey {
  readonly name: string;
  readonly length: number;
  /** Its bytes, four to a word: bytes one by one were a tenth of what a call costs. */
  readonly words: Uint32Array;
}

/** The encoded form of an attribute's name. */
export function attributeKey(name: string): AttributeKey {
  const out = new WireBytes(name.length * 3 + 10);
  out.byte(0x0a);
  out.text(name);
  out.byte(0x12);
  return { name, length: out.length, words: out.words() };
}

const stringValue = 0x0a;
const boolValue = 0x10;
const intValue = 0x18;
const doubleValue = 0x21;
const arrayValue = 0x2a;

/** Attributes of one record: `tag` is the field that holds them (9 in a span, 6 in a log record, 1 in a resource). */
export class AttributeWriter {
  readonly out = new WireBytes(2048);
  readonly #tag: number;
  readonly #nested = new WireBytes(256);
  count = 0;

  constructor(field: number) {
    this.#tag = (field << 3) | 2;
  }

  clear(): void {
    this.out.clear();
    this.count = 0;
  }

  /** Nothing is written for an empty text: an attribute that is not known is left out. */
  text(key: AttributeKey, value: string): void {
    if (value === '') return;
    const size = textSize(value);
    this.#head(key, 1 + varintSize(size) + size);
    this.out.byte(stringValue);
    this.out.sizedText(value, size);
  }

  int(key: AttributeKey, value: number): void {
    const size = value < 0 ? 10 : varintSize(value);
    this.#head(key, size + 1);
    this.out.byte(intValue);
    this.out.int64(value);
  }

  /** A whole number beyond 2^53, below 2^63, as two unsigned words. */
  intWords(key: AttributeKey, hi: number, lo: number): void {
    const bits = hi === 0 ? 32 - Math.clz32(lo | 1) : 64 - Math.clz32(hi);
    this.#head(key, Math.ceil(bits / 7) + 1);
    this.out.byte(intValue);
    let high = hi >>> 0;
    let low = lo >>> 0;
    while (high !== 0 || low > 127) {
      this.out.byte((low & 0x7f) | 0x80);
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.out.byte(low);
  }

  double(key: AttributeKey, value: number): void {
    this.#head(key, 9);
    this.out.byte(doubleValue);
    this.out.double(value);
  }

  bool(key: AttributeKey, value: boolean): void {
    this.#head(key, 2);
    this.out.byte(boolValue);
    this.out.byte(value ? 1 : 0);
  }

  /** An array of texts; nothing for an empty one. */
  texts(key: AttributeKey, values: readonly string[]): void {
    if (values.length === 0) return;
    const element = new WireBytes(64);
    const nested = this.#nested;
    nested.clear();
    for (const value of values) {
      element.clear();
      element.byte(stringValue);
      element.text(value);
      nested.byte(0x0a);
      nested.varint(element.length);
      nested.written(element);
    }
    this.#array(key);
  }

  /** An array of whole numbers; nothing for an empty one. */
  ints(key: AttributeKey, values: ArrayLike<number>, count = values.length): void {
    if (count === 0) return;
    const nested = this.#nested;
    nested.clear();
    for (let index = 0; index < count; index++) {
      const value = values[index]!;
      nested.byte(0x0a);
      nested.varint(1 + (value < 0 ? 10 : varintSize(value)));
      nested.byte(intValue);
      nested.int64(value);
    }
    this.#array(key);
  }

  #array(key: AttributeKey): void {
    const nested = this.#nested;
    this.#head(key, 1 + varintSize(nested.length) + nested.length);
    this.out.byte(arrayValue);
    this.out.varint(nested.length);
    this.out.written(nested);
  }

  /** Tag and length of the KeyValue, the key, tag and length of its AnyValue of `valueSize` bytes. */
  #head(key: AttributeKey, valueSize: number): void {
    const { out } = this;
    this.count++;
    const { length, words } = key;
    const size = length + varintSize(valueSize) + valueSize;
    // Room for the value too, so that writing it asks for none.
    out.reserve(size + 8);
    const { bytes } = out;
    let at = out.length;
    bytes[at++] = this.#tag;
    at = putVarint(bytes, at, size);
    out.putWords(at, words);
    out.length = putVarint(bytes, at + length, valueSize);
  }
}
