/**
 * The protobuf wire format as the generated OTLP readers, checkers and writers need it.
 *
 * Numbers wider than 32 bits are pairs of little-endian 32-bit words, low word first: BigInt costs several times more.
 * Source: Protocol Buffers encoding, https://protobuf.dev/programming-guides/encoding
 */
import { MalformedOtlp } from '../errors.ts';

/** Second results of the varint readers: the position after it, and the high word. One object, so it stays in cache. */
export const cursor = { at: 0, hi: 0 };

/** Reads a varint at `p`; returns its low 32 bits as a signed number, leaves position and high word in {@link cursor}. */
export function readVarint(b: Uint8Array, p: number): number {
  let byte = b[p++]!;
  let lo = byte & 0x7f;
  let hi = 0;
  if (byte > 127) {
    byte = b[p++]!;
    lo |= (byte & 0x7f) << 7;
    if (byte > 127) {
      byte = b[p++]!;
      lo |= (byte & 0x7f) << 14;
      if (byte > 127) {
        byte = b[p++]!;
        lo |= (byte & 0x7f) << 21;
        if (byte > 127) {
          byte = b[p++]!;
          lo |= (byte & 0x0f) << 28;
          hi = (byte & 0x70) >> 4;
          for (let shift = 3; byte > 127; shift += 7) {
            byte = b[p++]!;
            hi |= (byte & 0x7f) << shift;
          }
        }
      }
    }
  }
  cursor.at = p;
  cursor.hi = hi;
  return lo;
}

/** Little-endian 32-bit word at `p`, signed. */
export function readWord(b: Uint8Array, p: number): number {
  return b[p]! | (b[p + 1]! << 8) | (b[p + 2]! << 16) | (b[p + 3]! << 24);
}

/** The position after an unknown field whose tag was just read. Only for checked bytes. */
export function skipField(b: Uint8Array, p: number, tag: number): number {
  switch (tag & 7) {
    case 0:
      while (b[p++]! > 127);
      return p;
    case 1:
      return p + 8;
    case 2: {
      const length = readVarint(b, p);
      return cursor.at + length;
    }
    default:
      return p + 4;
  }
}

/** The position after a varint, or an error when it has more than ten bytes or passes `end`. */
export function checkVarint(b: Uint8Array, p: number, end: number, where: string): number {
  const limit = Math.min(end, p + 10);
  while (p < limit) if (b[p++]! < 128) return p;
  return malformed(where, p, p >= end ? 'a number is cut off' : 'a number has more than ten bytes');
}

/** Reads a length that does not fit one byte; position in {@link cursor}. */
function checkLongLength(b: Uint8Array, p: number, end: number, where: string): number {
  const after = checkVarint(b, p, end, where);
  const length = readVarint(b, p);
  if (length < 0 || cursor.hi !== 0) malformed(where, p, 'a length is 2 GiB or more');
  cursor.at = after;
  return length;
}

/** Reads a tag that does not fit one byte (field numbers go to 2^29 - 1); position in {@link cursor}. */
export function checkLongTag(b: Uint8Array, p: number, end: number, where: string): number {
  const after = checkVarint(b, p, end, where);
  const tag = readVarint(b, p) >>> 0;
  if (cursor.hi !== 0) malformed(where, p, 'a field number is too large');
  cursor.at = after;
  return tag;
}

/** The end of the length-delimited field whose length starts at `p`; where its content starts is left in {@link cursor}. */
export function checkLength(b: Uint8Array, p: number, end: number, where: string): number {
  if (p >= end) malformed(where, p, 'a length is missing');
  let length = b[p]!;
  if (length > 127) length = checkLongLength(b, p, end, where);
  else cursor.at = p + 1;
  const after = cursor.at + length;
  if (after > end) malformed(where, p, `${length} bytes are announced and ${end - cursor.at} are there`);
  return after;
}

/** The position after a field the schema does not know in this wire type. */
export function checkUnknown(
  b: Uint8Array,
  p: number,
  end: number,
  tag: number,
  known: readonly number[],
  where: string,
): number {
  const number = tag >>> 3;
  if (number === 0) malformed(where, p, 'field number 0');
  if (known.includes(number)) malformed(where, p, `field ${number} has wire type ${tag & 7}`);
  switch (tag & 7) {
    case 0:
      return checkVarint(b, p, end, where);
    case 1:
      if (p + 8 > end) malformed(where, p, 'a 64-bit number is cut off');
      return p + 8;
    case 2:
      return checkLength(b, p, end, where);
    case 5:
      if (p + 4 > end) malformed(where, p, 'a 32-bit number is cut off');
      return p + 4;
    default:
      return malformed(where, p, `wire type ${tag & 7}, which OTLP does not use`);
  }
}

export function malformed(where: string, at: number, what: string): never {
  throw new MalformedOtlp(`${where}: ${what}, at byte ${at}`);
}

/**
 * Writes protobuf from its end to its start, so that a message's length is known when its header is due and nothing is
 * measured twice. Emit fields in descending order of number.
 */
export class BackwardWriter {
  bytes: Uint8Array;
  /** Index of the first written byte. */
  at: number;
  /** Items still to come, counted down; only those with `from <= index < to` are written. */
  index: number;
  readonly from: number;
  readonly to: number;
  readonly items: number;

  constructor(sizeHint: number, items: number, from: number, to: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(sizeHint, 64));
    this.at = this.bytes.length;
    this.index = items;
    this.items = items;
    this.from = from;
    this.to = to;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.bytes.length - this.at;
  }

  finish(): Uint8Array {
    return this.bytes.subarray(this.at);
  }

  /** Counts one item down and tells whether it is to be written. */
  wants(): boolean {
    const index = --this.index;
    return index >= this.from && index < this.to;
  }

  /** Forgets a container of items `[this.index, before)` when none of them is wanted; true when it is to be kept. */
  keep(mark: number, before: number): boolean {
    const after = this.index;
    const kept =
      before === after
        ? after >= this.from && (after < this.to || this.to === this.items)
        : before > this.from && after < this.to;
    if (!kept) this.at = this.bytes.length - mark;
    return kept;
  }

  /** Makes room for `size` bytes before what is written and returns where they begin. */
  reserve(size: number): number {
    if (this.at < size) this.#grow(size);
    this.at -= size;
    return this.at;
  }

  #grow(size: number): void {
    const length = this.length;
    const bytes = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, length + size));
    bytes.set(this.bytes.subarray(this.at), bytes.length - length);
    this.bytes = bytes;
    this.at = bytes.length - length;
  }

  /** A varint of a signed 32-bit number; negative ones take ten bytes. */
  varint(value: number): void {
    if (value < 0) this.varint64(value, -1);
    else this.uvarint(value);
  }

  /** A varint of an unsigned 32-bit number. */
  uvarint(value: number): void {
    if (value < 128) {
      const p = this.at === 0 ? this.reserve(1) : --this.at;
      this.bytes[p] = value;
    } else if (value < 16384) {
      const p = this.reserve(2);
      this.bytes[p] = value | 0x80;
      this.bytes[p + 1] = value >>> 7;
    } else this.varint64(value, 0);
  }

  /** A varint of the 64-bit number (lo, hi). */
  varint64(lo: number, hi: number): void {
    lo >>>= 0;
    hi >>>= 0;
    let size = 1;
    if (hi === 0) for (let rest = lo >>> 7; rest !== 0; rest >>>= 7) size++;
    else {
      size = 5;
      for (let rest = hi >>> 3; rest !== 0; rest >>>= 7) size++;
    }
    let p = this.reserve(size);
    const b = this.bytes;
    for (; size > 1; size--) {
      b[p++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    b[p] = lo;
  }

  word(value: number): void {
    const p = this.reserve(4);
    const b = this.bytes;
    b[p] = value;
    b[p + 1] = value >>> 8;
    b[p + 2] = value >>> 16;
    b[p + 3] = value >>> 24;
  }

  word64(lo: number, hi: number): void {
    const p = this.reserve(8);
    const b = this.bytes;
    b[p] = lo;
    b[p + 1] = lo >>> 8;
    b[p + 2] = lo >>> 16;
    b[p + 3] = lo >>> 24;
    b[p + 4] = hi;
    b[p + 5] = hi >>> 8;
    b[p + 6] = hi >>> 16;
    b[p + 7] = hi >>> 24;
  }

  /** The bytes `[offset, offset + length)` of `source`, with their length and tag before them. */
  slice(tag: number, source: Uint8Array, offset: number, length: number): void {
    const p = this.reserve(length);
    const b = this.bytes;
    copyBytes(source, offset, b, p, length);
    this.uvarint(length);
    this.uvarint(tag);
  }

  /** Closes the message written since `mark` (a former {@link length}) with its length and tag. */
  close(tag: number, mark: number): void {
    this.uvarint(this.length - mark);
    this.uvarint(tag);
  }
}

/** Copies `length` bytes. Below about 40 a loop beats the call into Buffer.copy (34 ns), which beats set() with subarray(). */
export function copyBytes(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  if (length >= 40) {
    Buffer.prototype.copy.call(source, target, to, from, from + length);
    return;
  }
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    target[to + i] = source[from + i]!;
    target[to + i + 1] = source[from + i + 1]!;
    target[to + i + 2] = source[from + i + 2]!;
    target[to + i + 3] = source[from + i + 3]!;
  }
  for (; i < length; i++) target[to + i] = source[from + i]!;
}

/** A copy of `array` with room for `length` elements. */
export function grown<T extends Uint32Array | Int32Array | Uint8Array>(array: T, length: number): T {
  const copy = new (array.constructor as new (length: number) => T)(length);
  copy.set(array);
  return copy;
}
