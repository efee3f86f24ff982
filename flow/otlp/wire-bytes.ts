/** A growing buffer of protobuf bytes, written forward; what the writers of spans and log records share. */

const { utf8Write } = Buffer.prototype as unknown as {
  utf8Write(this: Buffer, text: string, offset: number, length: number): number;
};

/** Below this length a loop over character codes is quicker than a call into the engine. */
const shortText = 48;

export class WireBytes {
  bytes: Buffer;
  length = 0;
  #view: DataView;

  /** With so much room, or on memory of which nobody needs what is in it. */
  constructor(room: number | Buffer = 1024) {
    this.bytes = typeof room === 'number' ? Buffer.allocUnsafeSlow(room) : room;
    this.#view = viewOf(this.bytes);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `more` bytes. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
    this.#view = viewOf(grown);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An unsigned whole number up to 2^53 as a varint. */
  varint(value: number): void {
    this.reserve(10);
    this.length = putVarint(this.bytes, this.length, value);
  }

  /** A whole number within ±2^53 as protobuf's int64: negative ones take ten bytes. */
  int64(value: number): void {
    if (value >= 0) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    this.reserve(10);
    while (rest > 127n) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  /** Two 32-bit words, low word first. */
  fixed64(lo: number, hi: number): void {
    this.reserve(8);
    this.#view.setUint32(this.length, lo, true);
    this.#view.setUint32(this.length + 4, hi, true);
    this.length += 8;
  }

  double(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Two 32-bit words, high word first: how ids are written. */
  idWords(hi: number, lo: number): void {
    this.reserve(8);
    this.#view.setUint32(this.length, hi);
    this.#view.setUint32(this.length + 4, lo);
    this.length += 8;
  }

  raw(source: Uint8Array): void {
    const { length } = source;
    this.reserve(length);
    const { bytes } = this;
    let to = this.length;
    this.length += length;
    // A call into the engine costs more than some dozens of bytes.
    if (length > 64) bytes.set(source, to);
    else for (let index = 0; index < length; index++) bytes[to++] = source[index]!;
  }

  /** What was written to another. */
  written(other: WireBytes): void {
    this.reserve(other.length);
    // Not `set`: it would need a view, which costs several times as much as the bytes of a span.
    other.bytes.copy(this.bytes, this.length, 0, other.length);
    this.length += other.length;
  }

  /** The text's length in bytes as a varint, then the text as UTF-8; a lone surrogate becomes U+FFFD. */
  text(value: string): void {
    this.sizedText(value, textSize(value));
  }

  /** The same for a text whose {@link textSize} is known. */
  sizedText(value: string, size: number): void {
    this.varint(size);
    this.reserve(size);
    const { bytes } = this;
    let at = this.length;
    this.length += size;
    if (size === value.length && size < shortText) {
      for (let index = 0; index < size; index++) bytes[at++] = value.charCodeAt(index);
    } else utf8Write.call(bytes, value, at, size);
  }

  /** Writes words of {@link words} where there is room for all four bytes of each; where it ends is for the caller to say. */
  putWords(at: number, words: Uint32Array): void {
    const view = this.#view;
    for (let index = 0; index < words.length; index++, at += 4) view.setUint32(at, words[index]!, true);
  }

  /** What was written, four bytes to a word and zeros behind its end. */
  words(): Uint32Array {
    const words = new Uint32Array(Math.ceil(this.length / 4));
    for (let at = 0; at < this.length; at++) words[at >> 2]! |= this.bytes[at]! << ((at & 3) * 8);
    return words;
  }

  /** A copy of what was written. */
  take(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.length);
    this.bytes.copy(copy, 0, 0, this.length);
    return copy;
  }

  /** What was written, in memory of its own that is never written again; begins anew. */
  release(): Uint8Array {
    const { bytes, length } = this;
    this.bytes = Buffer.alloc(0);
    this.#view = viewOf(this.bytes);
    this.length = 0;
    return bytes.subarray(0, length);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Bytes of a text as UTF-8, its length prefix not counted. */
export function textSize(value: string): number {
  const { length } = value;
  if (length >= shortText) return Buffer.byteLength(value);
  for (let index = 0; index < length; index++) if (value.charCodeAt(index) > 127) return Buffer.byteLength(value);
  return length;
}

/** Writes a varint where there is room for it, and returns the position after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 128) {
    bytes[at] = value;
    return at + 1;
  }
  while (value > 0xffff_ffff) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value = Math.floor(value / 128);
  }
  while (value > 127) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  bytes[at] = value;
  return at + 1;
}

/** How many bytes {@link WireBytes.varint} takes. */
export function varintSize(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  if (value < 2 ** 28) return 4;
  if (value < 2 ** 35) return 5;
  if (value < 2 ** 42) return 6;
  if (value < 2 ** 49) return 7;
  // Parsers read 64 bits into numbers: they are rounded, and as long as they say.
  if (value < 2 ** 56) return 8;
  return value < 2 ** 63 ? 9 : 10;
}
