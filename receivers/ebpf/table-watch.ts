/** Processes whose tables of header fields can be told, and whether they are told now. */

export interface TableWatchOptions {
  /** Has the kernel tell the table of a socket's direction before its next block; `seenNs` is the time of its newest event. */
  ask(socket: number, direction: 0 | 1, seenNs: number): void;
  /** Has the process probed for that. */
  probe(pid: number): void;
}

export class TableWatch {
  readonly #options: TableWatchOptions;
  readonly #probed = new Map<number, boolean>();

  constructor(options: TableWatchOptions) {
    this.#options = options;
  }

  /** A probe can tell its tables; `probed`: and does. */
  set(pid: number, probed: boolean): void {
    this.#probed.set(pid, probed);
  }

  forget(pid: number): void {
    this.#probed.delete(pid);
  }

  /** Whether tables of this process are told when they are needed. */
  isProbed(pid: number): boolean {
    return this.#probed.get(pid) === true;
  }

  /** Whether they could be. */
  isKnown(pid: number): boolean {
    return this.#probed.has(pid);
  }

  ask(socket: number, pid: number, direction: 0 | 1, seenNs: number): void {
    this.#options.ask(socket, direction, seenNs);
    this.#options.probe(pid);
  }
}
