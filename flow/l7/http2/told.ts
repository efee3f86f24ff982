/** The dynamic table of HPACK that one side of a connection had before a block, as an observer inside a process told it. */

export interface ToldTable {
  /** The block it is for: its stream, how many bytes its first fragment has, and the first of them. */
  stream: number;
  blockLength: number;
  blockBegin: Uint8Array;
  /** As RFC 7541 §4.2 limits it. */
  maxSize: number;
  /** Names and values, one character per byte, the newest first; the oldest may be missing. */
  fields: readonly (readonly [name: string, value: string])[];
}

/** What was told of a connection: the last of each direction, until the block that it is for is read. */
export class ToldTables {
  readonly #tables: [ToldTable | null, ToldTable | null] = [null, null];

  tell(direction: 0 | 1, table: ToldTable): void {
    this.#tables[direction] = table;
  }

  /** Whether a block of that stream is yet to come for which a table was told. */
  awaits(direction: 0 | 1, stream: number): boolean {
    return this.#tables[direction]?.stream === stream;
  }

  /** The table for the block that these bytes are; null when none was told for exactly that. */
  take(direction: 0 | 1, stream: number, bytes: Uint8Array, start: number, end: number): ToldTable | null {
    const table = this.#tables[direction];
    if (table === null || table.stream !== stream || table.blockLength > end - start) return null;
    for (let at = 0; at < table.blockBegin.length; at++) if (table.blockBegin[at] !== bytes[start + at]) return null;
    this.#tables[direction] = null;
    return table;
  }
}
