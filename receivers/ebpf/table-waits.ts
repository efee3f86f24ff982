/**
 * Events that wait for a table of header fields. A process decodes a block after it has read it, so what a probe tells of the table comes behind
 * the bytes; they, and all that follows on their socket, wait for it.
 */
import { copyEvent, type SocketEvent } from './socket-event.ts';

/** Decoding follows reading within microseconds, or the bytes have no block of fields in them. */
const waitNs = 100e6;
const maxEvents = 256;
/** Payload that waits, of all sockets. */
const maxBytes = 8 << 20;

export class TableWaits {
  readonly #bySocket = new Map<number, SocketEvent[]>();
  #bytes = 0;
  readonly #release: (event: SocketEvent, inVain: boolean) => void;

  /** `release` takes what waited; `inVain` for the first of a socket when no table came. */
  constructor(release: (event: SocketEvent, inVain: boolean) => void) {
    this.#release = release;
  }

  /** Whether events of this socket wait. */
  has(socket: number): boolean {
    return this.#bySocket.size > 0 && this.#bySocket.has(socket);
  }

  add(event: SocketEvent): void {
    const events = this.#bySocket.get(event.socket);
    this.#bytes += event.captured;
    if (events === undefined) this.#bySocket.set(event.socket, [copyEvent(event)]);
    else if (events.push(copyEvent(event)) >= maxEvents) this.release(event.socket, true);
    while (this.#bytes > maxBytes) this.release(this.#bySocket.keys().next().value!, true);
  }

  release(socket: number, inVain: boolean): void {
    const events = this.#bySocket.get(socket);
    if (events === undefined) return;
    this.#bySocket.delete(socket);
    for (const { captured } of events) this.#bytes -= captured;
    for (const [index, event] of events.entries()) this.#release(event, inVain && index === 0);
  }

  /** All events before `nowNs` were taken. */
  tick(nowNs: number): void {
    for (const [socket, events] of this.#bySocket) {
      if (events[0]!.timeNs + waitNs < nowNs) this.release(socket, true);
    }
  }

  close(): void {
    for (const socket of [...this.#bySocket.keys()]) this.release(socket, true);
  }
}
