/**
 * Finds the end of a Thrift struct whose length nobody told, in any pieces it comes in (binary and compact protocol).
 *
 *   binary    field: u8 type, i16 id, value; a type of 0 ends the struct. list, set: u8 type, i32 count. map: u8, u8, i32 count. text: i32 length
 *   compact   field: u4 step of the id (0: a varint id follows), u4 type, value; 0 ends. list, set: u4 count (15: varint), u4 type.
 *             map: varint count and, unless that is 0, u4 type of keys, u4 of values. text: varint length. whole numbers: varint
 */

const maxDepth = 64;
/** A text or list longer than this is taken for a lie. */
const maxBytes = 512 * 1024 * 1024;

/** Sizes by type: of a fixed size; 0: a container or a text; -1: no such type; -2: a varint. */
const binarySizes = [-1, -1, 1, 1, 8, -1, 2, -1, 4, -1, 8, 0, 0, 0, 0, 0, 16];
const compactSizes = [-1, 1, 1, 1, -2, -2, -2, 8, 0, 0, 0, 0, 0, 16];
const binaryKinds = { text: 11, struct: 12, map: 13, set: 14, list: 15 } as const;
const compactKinds = { text: 8, list: 9, set: 10, map: 11, struct: 12 } as const;

const needMore = -1;
const isBad = -2;

export class StructWalker {
  done = true;
  bad = false;
  #compact = false;
  #depth = 0;
  /** By depth: how many values are left (-1: a struct), and the types they alternate between. */
  readonly #left = new Int32Array(maxDepth);
  readonly #odd = new Uint8Array(maxDepth);
  readonly #even = new Uint8Array(maxDepth);
  /** Where the varint that was read ends. */
  #next = 0;

  begin(compact: boolean): void {
    this.done = false;
    this.bad = false;
    this.#compact = compact;
    this.#depth = 0;
    this.#push(-1, 0, 0);
  }

  /** Walks as far as the bytes go and returns the position: beyond `end` when a value reaches beyond it. `done` when the struct has ended. */
  walk(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (this.#depth > 0 && at <= end) {
      const top = this.#depth - 1;
      const left = this.#left[top]!;
      let next: number;
      if (left === 0) {
        this.#depth--;
        continue;
      }
      if (at === end) return at;
      if (left < 0) next = this.#compact ? this.#compactField(bytes, at, end) : this.#binaryField(bytes, at, end);
      else {
        next = this.#value(bytes, at, end, (left & 1) === 1 ? this.#odd[top]! : this.#even[top]!);
        if (next >= 0) this.#left[top] = left - 1;
      }
      if (next === needMore) return at;
      if (next === isBad) {
        this.bad = true;
        return at;
      }
      at = next;
    }
    this.done = this.#depth === 0;
    return at;
  }

  #binaryField(bytes: Buffer, at: number, end: number): number {
    const type = bytes[at]!;
    if (type === 0) {
      this.#depth--;
      return at + 1;
    }
    if (at + 3 > end) return needMore;
    return this.#value(bytes, at + 3, end, type);
  }

  #compactField(bytes: Buffer, at: number, end: number): number {
    const head = bytes[at]!;
    if (head === 0) {
      this.#depth--;
      return at + 1;
    }
    let valueAt = at + 1;
    if (head < 0x10) {
      if (this.#varint(bytes, valueAt, end) === needMore) return needMore;
      valueAt = this.#next;
    }
    const type = head & 0xf;
    // A boolean field is its type.
    return type === 1 || type === 2 ? valueAt : this.#value(bytes, valueAt, end, type);
  }

  /** Over a value, or into it when it is a container. */
  #value(bytes: Buffer, at: number, end: number, type: number): number {
    const size = (this.#compact ? compactSizes : binarySizes)[type] ?? -1;
    if (size > 0) return at + size;
    if (size === -1) return isBad;
    if (size === -2) return this.#varint(bytes, at, end) === needMore ? needMore : this.#next;
    return this.#compact ? this.#compactContainer(bytes, at, end, type) : this.#binaryContainer(bytes, at, end, type);
  }

  #binaryContainer(bytes: Buffer, at: number, end: number, type: number): number {
    if (type === binaryKinds.struct) return this.#push(-1, 0, 0) ? at : isBad;
    const head = type === binaryKinds.text ? 0 : type === binaryKinds.map ? 2 : 1;
    if (at + head + 4 > end) return needMore;
    const count = bytes.readInt32BE(at + head);
    const bodyAt = at + head + 4;
    if (count < 0 || count > maxBytes) return isBad;
    if (type === binaryKinds.text) return bodyAt + count;
    return type === binaryKinds.map
      ? this.#enter(bodyAt, count * 2, bytes[at]!, bytes[at + 1]!)
      : this.#enter(bodyAt, count, bytes[at]!, bytes[at]!);
  }

  #compactContainer(bytes: Buffer, at: number, end: number, type: number): number {
    if (type === compactKinds.struct) return this.#push(-1, 0, 0) ? at : isBad;
    if (type === compactKinds.text) {
      const length = this.#varint(bytes, at, end);
      return length < 0 ? needMore : length > maxBytes ? isBad : this.#next + length;
    }
    if (type === compactKinds.map) {
      const count = this.#varint(bytes, at, end);
      if (count < 0) return needMore;
      if (count === 0) return this.#next;
      if (count > maxBytes) return isBad;
      if (this.#next >= end) return needMore;
      const types = bytes[this.#next]!;
      return this.#enter(this.#next + 1, count * 2, types >>> 4, types & 0xf);
    }
    if (at >= end) return needMore;
    const head = bytes[at]!;
    let count = head >>> 4;
    this.#next = at + 1;
    if (count === 15) {
      count = this.#varint(bytes, at + 1, end);
      if (count < 0) return needMore;
      if (count > maxBytes) return isBad;
    }
    return this.#enter(this.#next, count, head & 0xf, head & 0xf);
  }

  /** Into `count` values that alternate between two types; at once over them when both have fixed sizes. */
  #enter(at: number, count: number, first: number, second: number): number {
    if (count === 0) return at;
    const sizes = this.#compact ? compactSizes : binarySizes;
    const a = sizes[first] ?? -1;
    const b = sizes[second] ?? -1;
    if (a === -1 || b === -1) return isBad;
    if (a > 0 && b > 0) {
      const length = (count * (a + b)) / 2;
      return length > maxBytes ? isBad : at + length;
    }
    // An even number of values is left before each key; in a list both types are one.
    return this.#push(count, second, first) ? at : isBad;
  }

  #push(left: number, odd: number, even: number): boolean {
    if (this.#depth >= maxDepth) return false;
    this.#left[this.#depth] = left;
    this.#odd[this.#depth] = odd;
    this.#even[this.#depth] = even;
    this.#depth++;
    return true;
  }

  /** An unsigned number; `needMore` when it does not end. Longer than ten bytes it ends there. */
  #varint(bytes: Buffer, start: number, end: number): number {
    let value = 0;
    let scale = 1;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80 || at - start === 9) {
        this.#next = at + 1;
        return value;
      }
    }
    return needMore;
  }
}
