/** Numbers for byte strings: equal strings get equal numbers, counted from 0, without a JavaScript string being made. */
import { randomBytes } from 'node:crypto';

/** Differs from process to process, so that nobody can prepare strings that collide. */
const seed = randomBytes(4).readUInt32LE();

/** Open addressing; keys lie one after the other in `bytes`. Memory grows by doubling and is kept by {@link clear}. */
export class ByteDictionary {
  /** Keys there are; their numbers are below it. */
  size = 0;
  bytes: Uint8Array = new Uint8Array(4096);
  /** Where each key begins in `bytes`; the next one begins where it ends. */
  starts: Uint32Array = new Uint32Array(65);
  #hashes = new Int32Array(64);
  /** Number + 1 of the key in each slot; 0 free. */
  #slots = new Uint32Array(128);

  /** The number of the first `length` bytes of `key`, or -1. */
  find(key: Uint8Array, length: number): number {
    return this.#look(key, length, hashOf(key, length));
  }

  /** The number of the first `length` bytes of `key`, a new one when they were not there. */
  add(key: Uint8Array, length: number): number {
    const hash = hashOf(key, length);
    const found = this.#look(key, length, hash);
    if (found >= 0) return found;
    const number = this.size++;
    const start = this.starts[number]!;
    this.#makeRoom(start + length);
    for (let i = 0; i < length; i++) this.bytes[start + i] = key[i]!;
    this.starts[number + 1] = start + length;
    this.#hashes[number] = hash;
    this.#enter(number, hash);
    return number;
  }

  clear(): void {
    this.size = 0;
    this.#slots.fill(0);
  }

  #look(key: Uint8Array, length: number, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) return -1;
      if (this.#hashes[number] === hash && this.#equals(number, key, length)) return number;
    }
  }

  #equals(number: number, key: Uint8Array, length: number): boolean {
    const start = this.starts[number]!;
    if (this.starts[number + 1]! - start !== length) return false;
    const { bytes } = this;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== key[i]) return false;
    return true;
  }

  #enter(number: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #makeRoom(end: number): void {
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, end));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    if (this.size < this.#hashes.length) return;
    const capacity = 2 * this.#hashes.length;
    const starts = new Uint32Array(capacity + 1);
    starts.set(this.starts);
    this.starts = starts;
    const hashes = new Int32Array(capacity);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#slots = new Uint32Array(2 * capacity);
    for (let number = 0; number < this.size - 1; number++) this.#enter(number, hashes[number]!);
  }
}

function hashOf(b: Uint8Array, length: number): number {
  let h = seed ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    h = Math.imul(h ^ (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24)), 0x9e3779b1);
    h ^= h >>> 15;
  }
  for (; i < length; i++) h = Math.imul(h ^ b[i]!, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35);
  return h ^ (h >>> 13);
}
