/** Finds some attributes of a row by the bytes of their keys. */
import { type AttributeTable, valueTypes } from './attributes.ts';

const tableSize = 256;

/** Keys by number: `find` leaves in `rowOf[number]` the attribute's row + 1, or 0 when it is not there. */
export class AttributeFinder {
  /** Of the row last looked at. */
  readonly rowOf: Uint32Array;
  readonly #keys: readonly Uint8Array[];
  /** Number + 1 of the first key with that hash, and of the next one after each key. */
  readonly #first = new Uint8Array(tableSize);
  readonly #next: Uint8Array;

  constructor(keys: readonly string[]) {
    this.#keys = keys.map((key) => Buffer.from(key));
    this.rowOf = new Uint32Array(keys.length);
    this.#next = new Uint8Array(keys.length);
    for (const [number, key] of this.#keys.entries()) {
      const hash = hashOf(key, 0, key.length);
      this.#next[number] = this.#first[hash]!;
      this.#first[hash] = number + 1;
    }
  }

  /** Looks at the attributes `[from, to)`; gives how many of them it knows. Of a key given twice the last counts. */
  find(arena: Uint8Array, table: AttributeTable, from: number, to: number): number {
    this.rowOf.fill(0);
    let found = 0;
    for (let row = from; row < to; row++) {
      const offset = table.key[2 * row]!;
      const length = table.key[2 * row + 1]!;
      let candidate = length === 0 ? 0 : this.#first[hashOf(arena, offset, length)]!;
      while (candidate !== 0) {
        if (equals(this.#keys[candidate - 1]!, arena, offset, length)) {
          this.rowOf[candidate - 1] = row + 1;
          found++;
          break;
        }
        candidate = this.#next[candidate - 1]!;
      }
    }
    return found;
  }
}

/** An integer attribute as a number, or `otherwise`. `row` is as in {@link AttributeFinder.rowOf}. */
export function intOf(table: AttributeTable, row: number, otherwise: number): number {
  if (row === 0 || table.type[row - 1] !== valueTypes.int) return otherwise;
  return (table.value[2 * row - 1]! | 0) * 0x1_0000_0000 + table.value[2 * row - 2]!;
}

/** Length of a string attribute; 0 when it is missing or no string. */
export function stringLength(table: AttributeTable, row: number): number {
  return row === 0 || table.type[row - 1] !== valueTypes.string ? 0 : table.value[2 * row - 1]!;
}

/** Where the bytes of a string attribute begin. */
export function stringOffset(table: AttributeTable, row: number): number {
  return table.value[2 * row - 2]!;
}

/** Whether a string attribute has that value. */
export function isString(arena: Uint8Array, table: AttributeTable, row: number, value: Uint8Array): boolean {
  return stringLength(table, row) === value.length && equals(value, arena, stringOffset(table, row), value.length);
}

export function equals(bytes: Uint8Array, arena: Uint8Array, offset: number, length: number): boolean {
  if (bytes.length !== length) return false;
  for (let i = length - 1; i >= 0; i--) if (bytes[i] !== arena[offset + i]) return false;
  return true;
}

function hashOf(b: Uint8Array, offset: number, length: number): number {
  return (length * 31 + b[offset + length - 1]! * 7 + b[offset + (length >> 1)]! * 3 + b[offset]!) & (tableSize - 1);
}
