/** A growing buffer of protobuf bytes, written forward; what the writers of spans and log records share. */

const { utf8Write } = Buffer.prototype as unknown as {
  utf8Write(this: Buffer, text: string, offset: number, length: number): number;
};

/** Below this length a loop over character codes is quicker than a call into the engine. */
const shortText = 48;

export class WireBytes {
  bytes: Buffer;
  length = 0;

  /** With so much room, or on memory of which nobody needs what is in it. */
  constructor(room: number | Buffer = 1024) {
    this.bytes = typeof room === 'number' ? Buffer.allocUnsafeSlow(room) : room;
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
    const { bytes } = this;
    const at = this.length;
    bytes[at] = lo;
    bytes[at + 1] = lo >>> 8;
    bytes[at + 2] = lo >>> 16;
    bytes[at + 3] = lo >>> 24;
    bytes[at + 4] = hi;
    bytes[at + 5] = hi >>> 8;
    bytes[at + 6] = hi >>> 16;
    bytes[at + 7] = hi >>> 24;
    this.length = at + 8;
  }

  double(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** Two 32-bit words, high word first: how ids are written. */
  idWords(hi: number, lo: number): void {
    this.reserve(8);
    const { bytes } = this;
    const at = this.length;
    bytes[at] = hi >>> 24;
    bytes[at + 1] = hi >>> 16;
    bytes[at + 2] = hi >>> 8;
    bytes[at + 3] = hi;
    bytes[at + 4] = lo >>> 24;
    bytes[at + 5] = lo >>> 16;
    bytes[at + 6] = lo >>> 8;
    bytes[at + 7] = lo;
    this.length = at + 8;
  }

  raw(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    this.reserve(length);
    const { bytes } = this;
    let to = this.length;
    this.length += length;
    // A view and a call into the engine cost more than some dozens of bytes.
    if (length > 64) bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), to);
    else while (start < end) bytes[to++] = source[start++]!;
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
    this.length = 0;
    return bytes.subarray(0, length);
  }
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
    bytes[at++] = (value % 128) | 0x80;
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
