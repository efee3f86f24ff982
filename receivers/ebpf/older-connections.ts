/**
 * Connections of HTTP/2 that are older than we are: what they send refers to tables of header fields, which probes in their processes tell.
 * Events that came before the table they need wait for it; a table that is missing is asked for.
 */
import { eventKind, eventSource } from '../../bpf/programs/event.gen.ts';
import { ToldTables } from '../../flow/l7/http2/told.ts';
import { HeaderTables } from './header-tables.ts';
import type { Direction, SocketEvent } from './socket-event.ts';
import type { SocketStream } from './socket-stream.ts';
import { TableWaits } from './table-waits.ts';
import type { TableWatch } from './table-watch.ts';

/** A table that is missing is asked for at most so often. */
const askAgainNs = 200e6;
/** After so many waits in vain in a row a socket's events wait no more: its blocks are decoded by something that is not probed. */
const maxVainWaits = 16;

/** What is known of the tables of a socket. */
export class SocketTables {
  readonly told = new ToldTables();
  /** When its table was missed first, or asked for last, by direction. */
  readonly askedNs: [number, number] = [0, 0];
  vainWaits = 0;
  /** A probe told that it is HTTP/2. */
  isHttp2 = false;
  /** It was not seen to open. */
  readonly isOlder: boolean;

  constructor(isOlder: boolean) {
    this.isOlder = isOlder;
  }
}

export interface OlderSocket {
  readonly pid: number;
  readonly tables: SocketTables;
  readonly plain: SocketStream | null;
  readonly clear: SocketStream | null;
}

export interface OlderConnectionsOptions {
  /** Processes that tell their tables. */
  watch: Pick<TableWatch, 'isKnown' | 'isProbed' | 'ask'>;
  find(socket: number): OlderSocket | undefined;
  /** The socket of an event, made when it is not known. */
  make(event: SocketEvent): OlderSocket;
  /** Takes an event that waited. */
  dispatch(event: SocketEvent): void;
}

export class OlderConnections {
  readonly #options: OlderConnectionsOptions;
  readonly #headerTables = new HeaderTables();
  readonly #waits: TableWaits;

  constructor(options: OlderConnectionsOptions) {
    this.#options = options;
    this.#waits = new TableWaits((event, inVain) => {
      options.dispatch(event);
      const socket = inVain ? options.find(event.socket) : undefined;
      if (socket !== undefined) socket.tables.vainWaits++;
    });
  }

  /** Whether the event waits here, with a copy of its bytes. */
  keeps(event: SocketEvent): boolean {
    if (!this.#waits.has(event.socket) && !this.#mustWait(event)) return false;
    this.#waits.add(event);
    return true;
  }

  /** A probe told what a block of header fields refers to: it is for bytes that wait here, or are about to be written. */
  tell(event: SocketEvent): void {
    const table = this.#headerTables.join(event);
    if (event.family === 0) return;
    const { tables } = this.#options.make(event);
    tables.isHttp2 = true;
    if (table === undefined) return;
    tables.vainWaits = 0;
    tables.told.tell(event.direction as Direction, table);
    if (event.direction === 0) this.#waits.release(event.socket, false);
  }

  /** Before an event is read: its bytes are of what was told of its socket. */
  before({ tables, clear }: OlderSocket, stream: SocketStream, event: SocketEvent, timeNs: number): void {
    if (tables.isHttp2 && (stream === clear || (clear === null && !beginsRecord(event))))
      stream.assume('http2', timeNs);
  }

  /** After an event was read. */
  after({ tables: { askedNs } }: OlderSocket, stream: SocketStream, event: SocketEvent): void {
    const { watch } = this.#options;
    const { pid, socket, timeNs } = event;
    const direction = event.direction as Direction;
    if (!watch.isKnown(pid) || stream.lacksTable(direction) !== true || timeNs - askedNs[direction] < askAgainNs)
      return;
    // The first time it may be on its way.
    if (askedNs[direction] > 0) watch.ask(socket, pid, direction, timeNs);
    askedNs[direction] = timeNs;
  }

  /** All events before `nowNs` were taken. */
  tick(nowNs: number): void {
    this.#waits.tick(nowNs);
  }

  close(): void {
    this.#waits.close();
  }

  /** What was read by a process that will decode it, and then tell the table it had before. */
  #mustWait({ kind, direction, transport, source, pid, socket: name, role, length }: SocketEvent): boolean {
    if (kind !== eventKind.data || direction !== 0 || transport !== 6 || length === 0) return false;
    if (!this.#options.watch.isProbed(pid)) return false;
    const socket = this.#options.find(name);
    const isOlder = role === 0;
    if (socket === undefined) return isOlder;
    const isWire = source === eventSource.syscall;
    if (socket.tables.vainWaits >= maxVainWaits || (isWire && socket.clear !== null)) return false;
    return (isWire ? socket.plain : socket.clear)?.lacksTable(direction) ?? isOlder;
  }
}

/** TLS's records: type, and version 3 (RFC 8446 §5.1); no frame of HTTP/2 is so long that it would begin like that. */
function beginsRecord({ bytes, payloadAt, captured }: SocketEvent): boolean {
  return captured > 1 && bytes[payloadAt]! >= 0x14 && bytes[payloadAt]! <= 0x17 && bytes[payloadAt + 1] === 3;
}
