/** Gives equal byte strings one small code: the dictionary of a LowCardinality column. */
import { randomBytes } from 'node:crypto';
import { viewOf } from './bytes.ts';

/** Slots looked at before a string is entered once more: hostile collisions cost that much and no more. */
const maxProbes = 16;
/** Hashes differ from process to process, so that nobody can prepare strings that collide. */
const seed = randomBytes(4).readUInt32LE();

/**
 * Codes are handed out from 1; 0 is the empty string. Entries are slices of one arena, so a dictionary serves one
 * column of one block. {@link reset} makes it new without giving its memory back.
 */
export class Dictionary {
  /** Number of codes, the empty string included. */
  size = 1;
  /** Offset and length in the arena by code; code 0 is unused. */
  entries = new Uint32Array(2 * 512);
  #arena: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Hash of each entry. */
  #hashes = new Int32Array(512);
  /** Which code came after a code the last time: attributes come in the same order again and again. */
  #next = new Uint32Array(512);
  #last = 0;
  /** Open addressing, 0 free. */
  #slots = new Uint32Array(1024);

  reset(arena: Uint8Array): void {
    this.#arena = arena;
    this.#view = viewOf(arena);
    this.#slots.fill(0);
    this.#next.fill(0, 0, this.size);
    this.size = 1;
    this.#last = 0;
  }

  /** The code of the string `[offset, offset + length)` of the arena. */
  code(offset: number, length: number): number {
    if (length === 0) return 0;
    const last = this.#last;
    const guess = this.#next[last]!;
    // Comparing with a guess costs a third of hashing; it hits for nearly all attribute keys of real spans.
    if (guess !== 0 && this.#equals(guess, offset, length)) {
      this.#last = guess;
      return guess;
    }
    const code = this.#find(offset, length);
    this.#next[last] = code;
    this.#last = code;
    return code;
  }

  #equals(code: number, offset: number, length: number): boolean {
    if (this.entries[2 * code + 1] !== length) return false;
    const other = this.entries[2 * code]!;
    if (length < 4) {
      const arena = this.#arena;
      for (let i = 0; i < length; i++) if (arena[offset + i] !== arena[other + i]) return false;
      return true;
    }
    // Four bytes at a time; the last four may overlap the ones before.
    const view = this.#view;
    const last = length - 4;
    for (let i = 0; i < last; i += 4) if (view.getInt32(offset + i) !== view.getInt32(other + i)) return false;
    return view.getInt32(offset + last) === view.getInt32(other + last);
  }

  #find(offset: number, length: number): number {
    const hash = hashOf(this.#view, offset, length);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < maxProbes; probe++) {
      const code = this.#slots[slot]!;
      if (code === 0) {
        const added = this.#add(offset, length, hash);
        this.#slots[slot] = added;
        if (2 * this.size > this.#slots.length) this.#rehash();
        return added;
      }
      if (this.#hashes[code] === hash && this.#equals(code, offset, length)) return code;
      slot = (slot + 1) & mask;
    }
    return this.#add(offset, length, hash);
  }

  #add(offset: number, length: number, hash: number): number {
    const code = this.size++;
    if (code === this.#hashes.length) {
      this.#hashes = doubled(this.#hashes, Int32Array);
      this.#next = doubled(this.#next, Uint32Array);
      this.entries = doubled(this.entries, Uint32Array);
    }
    this.entries[2 * code] = offset;
    this.entries[2 * code + 1] = length;
    this.#hashes[code] = hash;
    return code;
  }

  #rehash(): void {
    const slots = new Uint32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let code = 1; code < this.size; code++) {
      let slot = this.#hashes[code]! & mask;
      for (let probe = 0; probe < maxProbes; probe++) {
        if (slots[slot] === 0) {
          slots[slot] = code;
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
    this.#slots = slots;
  }
}

function doubled<T extends Int32Array | Uint32Array>(array: T, type: new (length: number) => T): T {
  const grown = new type(2 * array.length);
  grown.set(array);
  return grown;
}

/** A 32-bit multiply-xorshift hash, four bytes at a time. */
function hashOf(view: DataView, offset: number, length: number): number {
  let hash = seed ^ length;
  let i = offset;
  const end = offset + length;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ view.getUint8(i), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
