/** Tables of header fields as probes tell them: what a coder had before a block, and, in a record of its own, which block that was. */
import { type HeaderTable, readHeaderTable } from '../../bpf/programs/header-table.ts';
import type { SocketEvent } from './socket-event.ts';

/** Tables whose block is not known yet: it is told microseconds later, or the block was never written. */
const maxTables = 256;

export class HeaderTables {
  readonly #byCoder = new Map<string, HeaderTable>();

  /** The table for a block of the event's socket; undefined while only one half of that was told. Throws a RangeError for a broken record. */
  join(event: SocketEvent): HeaderTable | undefined {
    const told = readHeaderTable(event.bytes, event.payloadAt, event.captured);
    const key = `${event.pid} ${told.coder}`;
    if (event.socket === 0) {
      this.#byCoder.delete(key);
      if (this.#byCoder.size >= maxTables) this.#byCoder.delete(this.#byCoder.keys().next().value!);
      this.#byCoder.set(key, told);
      return undefined;
    }
    if (event.direction === 0) return told;
    const table = this.#byCoder.get(key);
    if (table === undefined) return undefined;
    this.#byCoder.delete(key);
    return { ...told, maxSize: table.maxSize, fields: table.fields };
  }
}
