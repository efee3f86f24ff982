/** Finds the row of a flow by its key: a hash table with linear probing over the rows' own keys. */
import { type FlowCursor, type FlowRows, hashWord, keyWords, secondVlanWord, vlanWord } from './row.ts';

/**
 * Slots hold (row + 1, hash). At most half are used, so runs stay short; the hash is seeded, so that a sender who picks addresses
 * and ports cannot aim at one slot.
 */
export class FlowIndex {
  #slots = new Int32Array(2 * 4096);
  #mask = 4095;
  #count = 0;
  readonly #rows: FlowRows;
  readonly #seed: number;

  constructor(rows: FlowRows, seed: number) {
    this.#rows = rows;
    this.#seed = seed | 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Hash of a key; the words that are alike in all IPv4 flows are left out for those. */
  hash(key: Int32Array, ipv6: boolean): number {
    let hash = this.#seed;
    if (ipv6) {
      for (let word = 0; word < 8; word++) hash = mix(hash, key[word]!);
    } else {
      hash = mix(mix(hash, key[3]!), key[7]!);
    }
    hash = mix(mix(hash, key[8]!), key[9]!);
    hash = mix(hash, key[10]!);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
    return hash ^ (hash >>> 13);
  }

  /**
   * Points the cursor at the flow of this key in which `peer` sends with these VLAN ids; false when there is none. A peer that has sent
   * nothing yet may send with any, but of two flows it belongs to the one whose other peer has the same.
   */
  find(key: Int32Array, hash: number, peer: 0 | 1, vlan: number, cursor: FlowCursor): boolean {
    const slots = this.#slots;
    const own = peer === 0 ? vlanWord : secondVlanWord;
    const other = peer === 0 ? secondVlanWord : vlanWord;
    let possible = -1;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const entry = slots[2 * slot]!;
      if (entry === 0) break;
      if (slots[2 * slot + 1] !== hash) continue;
      this.#rows.move(cursor, entry - 1);
      const { words, at } = cursor;
      if (!sameKey(words, at, key)) continue;
      const seen = words[at + own]!;
      if (seen === vlan) return true;
      if (seen !== 0) continue;
      if (words[at + other] === vlan) {
        words[at + own] = vlan;
        return true;
      }
      if (possible < 0) possible = entry - 1;
    }
    if (possible < 0) return false;
    this.#rows.move(cursor, possible);
    cursor.words[cursor.at + own] = vlan;
    return true;
  }

  /** Adds the row, whose hash word is set. */
  add(row: number, hash: number): void {
    if (2 * ++this.#count > this.#mask) this.#grow();
    insert(this.#slots, this.#mask, row + 1, hash);
  }

  /** Takes out the flow at the cursor and closes the run behind it. */
  remove(cursor: FlowCursor): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = cursor.words[cursor.at + hashWord]! & mask;
    while (slots[2 * hole] !== cursor.row + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; slots[2 * slot] !== 0; slot = (slot + 1) & mask) {
      const home = slots[2 * slot + 1]! & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[2 * hole] = slots[2 * slot]!;
      slots[2 * hole + 1] = slots[2 * slot + 1]!;
      hole = slot;
    }
    slots[2 * hole] = 0;
    this.#count--;
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array(2 * (this.#mask + 1));
    for (let slot = 0; slot < old.length; slot += 2) {
      if (old[slot] !== 0) insert(this.#slots, this.#mask, old[slot]!, old[slot + 1]!);
    }
  }
}

function insert(slots: Int32Array, mask: number, entry: number, hash: number): void {
  let slot = hash & mask;
  while (slots[2 * slot] !== 0) slot = (slot + 1) & mask;
  slots[2 * slot] = entry;
  slots[2 * slot + 1] = hash;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}

function sameKey(words: Int32Array, at: number, key: Int32Array): boolean {
  for (let word = keyWords - 1; word >= 0; word--) if (words[at + word] !== key[word]) return false;
  return true;
}
