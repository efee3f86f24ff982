/** Remembers which series were announced today, so that a series row is written once and not with every point. */

/** A set of 64-bit ids with a bounded number of entries; full, it forgets all of them, and they are announced again. */
export class KnownSeries {
  readonly #limit: number;
  #day = -1;
  #size = 0;
  /** Open addressing by the low word; the id 0 stands for a free slot and is always announced. */
  #slots = new Uint32Array(2 * 1024);

  /** `limit` ids take up to 32 bytes each. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  clear(): void {
    this.#size = 0;
    this.#slots = new Uint32Array(2 * 1024);
  }

  /** The rows of `ids` (low and high words) that are new on `day`, each id once; they are known from now on. */
  addNew(ids: Uint32Array, day: number): Uint32Array {
    if (day !== this.#day) this.clear();
    this.#day = day;
    const rows = new Uint32Array(ids.length / 2);
    let found = 0;
    for (let row = 0; row < rows.length; row++) {
      if (this.#add(ids[2 * row]!, ids[2 * row + 1]!)) rows[found++] = row;
    }
    return rows.subarray(0, found);
  }

  #add(lo: number, hi: number): boolean {
    if (lo === 0 && hi === 0) return true;
    const mask = this.#slots.length / 2 - 1;
    let slot = lo & mask;
    while (this.#slots[2 * slot] !== 0 || this.#slots[2 * slot + 1] !== 0) {
      if (this.#slots[2 * slot] === lo && this.#slots[2 * slot + 1] === hi) return false;
      slot = (slot + 1) & mask;
    }
    if (this.#size >= this.#limit) {
      this.clear();
      return this.#add(lo, hi);
    }
    this.#slots[2 * slot] = lo;
    this.#slots[2 * slot + 1] = hi;
    if (4 * ++this.#size > this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    const mask = this.#slots.length / 2 - 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] === 0 && old[i + 1] === 0) continue;
      let slot = old[i]! & mask;
      while (this.#slots[2 * slot] !== 0 || this.#slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
      this.#slots[2 * slot] = old[i]!;
      this.#slots[2 * slot + 1] = old[i + 1]!;
    }
  }
}
