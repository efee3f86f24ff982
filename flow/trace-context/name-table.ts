/** Finds header names in bytes, in any case, without making a string: the negative answer, by far the most frequent, is one lookup. */

const slots = 1024;

/** A fixed set of names. A name's place follows from its length, its first and its last letter. */
export class NameTable {
  readonly names: readonly string[];
  /** Index + 1 of the first name at a place; of the next one at the same place. */
  readonly #first = new Uint16Array(slots);
  readonly #next: Uint16Array;
  readonly #bytes: readonly Uint8Array[];
  readonly #byText: Map<string, number>;

  /** `names` in lower case, ASCII; a name that is there twice keeps its first place. */
  constructor(names: readonly string[]) {
    this.names = names;
    this.#next = new Uint16Array(names.length);
    this.#bytes = names.map((name) => Buffer.from(name, 'latin1'));
    this.#byText = new Map(names.map((name, index): [string, number] => [name, index]).reverse());
    for (let index = names.length - 1; index >= 0; index--) {
      const bytes = this.#bytes[index]!;
      if (bytes.length === 0) continue;
      const slot = place(bytes.length, bytes[0]!, bytes[bytes.length - 1]!);
      this.#next[index] = this.#first[slot]!;
      this.#first[slot] = index + 1;
    }
  }

  /** Index of a name in lower case, or -1. */
  findText(name: string): number {
    return this.#byText.get(name) ?? -1;
  }

  /** Index of the name that stands in [start, end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length <= 0) return -1;
    let candidate = this.#first[place(length, bytes[start]!, bytes[end - 1]!)]!;
    while (candidate !== 0) {
      const name = this.#bytes[candidate - 1]!;
      if (name.length === length) {
        let at = 0;
        while (at < length && lower(bytes[start + at]!) === name[at]) at++;
        if (at === length) return candidate - 1;
      }
      candidate = this.#next[candidate - 1]!;
    }
    return -1;
  }
}

function place(length: number, first: number, last: number): number {
  return (Math.imul(length, 37) ^ ((first | 0x20) << 4) ^ ((last | 0x20) << 1)) & (slots - 1);
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
