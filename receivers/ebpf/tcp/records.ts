/** The TCP connections of all processes as the kernel counts them: events in, `deepflow.flow` records out. */
import { eventKind } from '../../../bpf/programs/event.gen.ts';
import type { FlowIdentity } from '../../../flow/identity.ts';
import type { ProcessResource } from '../../../flow/l7/evidence.ts';
import { RequestBuilder } from '../../../flow/otlp/request-builder.ts';
import { hostResource } from '../../../flow/otlp/resource.ts';
import type { CaptureClock } from '../../../flow/packet/clock.ts';
import { type CloseType, flowScopeName } from '../../../pdata/schema/flow-log.ts';
import { Links } from '../links.ts';
import type { SocketEvent } from '../socket-event.ts';
import type { Role } from '../socket-flow.ts';
import { closeTypeOf } from './close-type.ts';
import { TcpConnection } from './connection.ts';
import { closedState, type KernelNames } from './kernel-names.ts';
import { TcpRecordWriter } from './record.ts';
import { readTcpEvent } from './tcp-event.ts';

/** A connection that is over is told after this: a reset that close(2) sends comes after its end, and other CPUs' events too. */
const settleNs = 200e6;
/** A connection that so many looks at open ones did not find, and whose end was not told, is given up. */
const maxMissed = 3;
/** Open connections that one tick tells of: about 20 ms and 3 MB, so that events do not wait and records find room. */
const tellAtOnce = 2000;

export interface TcpRecordsOptions {
  clock: CaptureClock;
  /** Monotonic nanoseconds to the capture's. */
  timeOf(monotonicNs: number): number;
  hostName: string;
  version: string;
  /** Connections that are open are told at multiples of it, in Unix time. */
  intervalMs: number;
  /** Beyond it the one that was silent longest is given up. */
  maxConnections: number;
  /** Bytes of records that may wait for {@link TcpRecords.drain}; beyond it new ones are dropped. */
  maxPendingBytes: number;
  names: KernelNames;
  processOf(pid: number, timeNs: number): ProcessResource;
  /** False for processes whose connections are not told: our own, and those that are left out; 0 stands for one that is not known. */
  isWanted(pid: number): boolean;
  /** Connections with one of these ports at either end are not told. */
  excludedPorts: ReadonlySet<number>;
  /** Which end a process has of a connection that was not seen to open. */
  guessRole(event: SocketEvent): Role;
  /** The connection of that socket as calls are read from it, and once more when TLS is inside; its counts of calls are taken from it. */
  conversationsOf(socket: number): readonly FlowIdentity[];
  /** Gives an event for each open connection, as the program's iterator finds them; false where there is none. */
  readOpen(take: (event: SocketEvent) => void): boolean;
}

/**
 * Events `open`, `close` and `tcp` of all sockets go in, in the order of the ring; `close` before the socket table forgets the
 * socket. A connection gives a record each interval in which it moved something, and one when it is over:
 *
 *     first event ─► open ──── state close ────► closing ── settled, or its socket used again ─► told for the last time
 *                     │ ▲
 *                     └─┘ each interval: told, if it moved something
 */
export class TcpRecords {
  /** `evicted`: given up because too many were open. `dropped`: records for which there was no room. */
  readonly counters = { records: 0, dropped: 0, evicted: 0 };
  readonly #options: TcpRecordsOptions;
  readonly #writer: TcpRecordWriter;
  readonly #request: RequestBuilder;
  readonly #hostResource: () => Uint8Array;
  /** By socket, the one that was silent longest first. */
  readonly #connections = new Map<number, TcpConnection>();
  readonly #closing = new Set<TcpConnection>();
  readonly #links = new Links();
  readonly #intervalNs: number;
  /** How far the capture's epoch is into its interval. */
  readonly #intoIntervalNs: number;
  /** Number of the interval that is under way, and of looks at open connections. */
  #interval = Number.NEGATIVE_INFINITY;
  #look = 0;
  #hasLooked = false;
  /** Open connections that are still to be told of the interval that ended at {@link #dueNs}, the next one last. */
  #due: TcpConnection[] = [];
  #dueNs = 0;
  #isClosing = false;

  constructor(options: TcpRecordsOptions) {
    this.#options = options;
    this.#writer = new TcpRecordWriter(options.clock, options.names);
    this.#request = new RequestBuilder(flowScopeName, options.version);
    this.#hostResource = () => hostResource(options.hostName);
    this.#intervalNs = options.intervalMs * 1e6;
    this.#intoIntervalNs = Number(options.clock.epochUnixNs % BigInt(this.#intervalNs));
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Bytes of records that wait to be drained. */
  get pendingBytes(): number {
    return this.#request.sizeBytes;
  }

  /** Takes an event; its bytes may be overwritten after the call. Other kinds are none of its business. */
  event(event: SocketEvent): void {
    switch (event.kind) {
      case eventKind.open:
        if (this.#isOurs(event)) this.#open(event);
        return;
      case eventKind.close: {
        // It names the socket and nothing else.
        const connection = this.#connections.get(event.socket);
        if (connection !== undefined) this.#listen(connection);
        return;
      }
      case eventKind.tcp:
        if (this.#isOurs(event)) this.#count(event);
        return;
      default:
    }
  }

  /** Time goes on: tells what is over, and all that is open when an interval ends. Monotonic. */
  tick(nowNs: number): void {
    // They are over in about this order.
    for (const connection of this.#closing) {
      if (connection.closedNs + settleNs > nowNs) break;
      this.#end(connection);
    }
    const interval = Math.floor((this.#options.timeOf(nowNs) + this.#intoIntervalNs) / this.#intervalNs);
    if (interval !== this.#interval) this.#begin(interval);
    this.#tellSome();
  }

  #begin(interval: number): void {
    const isFirst = this.#interval === Number.NEGATIVE_INFINITY;
    this.#interval = interval;
    this.#hasLooked = this.#lookAtOpen();
    if (isFirst) return;
    this.#dueNs = interval * this.#intervalNs - this.#intoIntervalNs;
    this.#due = [...this.#connections.values()].reverse();
  }

  /** Tells everything, as at the end of capture. */
  close(nowNs: number): void {
    this.#isClosing = true;
    this.#lookAtOpen();
    const toNs = this.#options.timeOf(nowNs);
    for (const connection of [...this.#connections.values()]) {
      if (connection.closedNs > 0) this.#end(connection);
      else this.#forget(connection, 'forced', toNs);
    }
  }

  /** The records since the last time as one ExportLogsServiceRequest message; null when there were none. */
  drain(): Uint8Array | null {
    return this.#request.take();
  }

  #isOurs({ transport, family, localPort, remotePort }: SocketEvent): boolean {
    const { excludedPorts } = this.#options;
    return transport === 6 && family !== 0 && !excludedPorts.has(localPort) && !excludedPorts.has(remotePort);
  }

  #open(event: SocketEvent): void {
    const connection = this.#connection(event);
    connection.opened(event);
    this.#own(connection, event.timeNs);
  }

  #count(event: SocketEvent): void {
    const counters = readTcpEvent(event.bytes, event.payloadAt, event.captured);
    if (counters === undefined) return;
    const connection = this.#connection(event);
    const { pid } = connection;
    connection.count(event, counters);
    if (pid === 0) this.#own(connection, event.timeNs);
    connection.look = this.#look;
    this.#connections.delete(connection.socket);
    this.#connections.set(connection.socket, connection);
    if (counters.state !== closedState) return;
    if (connection.closedNs === 0) connection.closedNs = event.timeNs;
    this.#listen(connection);
    this.#closing.add(connection);
  }

  #connection(event: SocketEvent): TcpConnection {
    const known = this.#connections.get(event.socket);
    if (known?.isSame(event)) return known;
    if (known !== undefined) this.#end(known);
    if (this.#connections.size >= this.#options.maxConnections) this.#evict();
    const connection = new TcpConnection(event, (unknown) => this.#options.guessRole(unknown));
    connection.link = this.#links.hold(connection.linkKey);
    connection.look = this.#look;
    this.#connections.set(event.socket, connection);
    return connection;
  }

  #evict(): void {
    for (const connection of this.#connections.values()) {
      this.counters.evicted++;
      this.#forget(connection, 'forced', this.#options.timeOf(connection.lastNs));
      return;
    }
  }

  /** Remembers the calls of a connection that others are about to forget. */
  #listen(connection: TcpConnection): void {
    const found = this.#options.conversationsOf(connection.socket);
    if (found.length > 0) connection.conversations = found;
  }

  /** False when open connections cannot be looked at. */
  #lookAtOpen(): boolean {
    this.#look++;
    return this.#options.readOpen((event) => this.event(event));
  }

  #tellSome(): void {
    for (let count = 0; count < tellAtOnce && this.#due.length > 0; count++) {
      const connection = this.#due.pop()!;
      const isOpen = connection.closedNs === 0 && this.#connections.get(connection.socket) === connection;
      if (isOpen) this.#tellOpen(connection);
    }
  }

  #tellOpen(connection: TcpConnection): void {
    if (this.#hasLooked && this.#look - connection.look >= maxMissed) {
      this.#forget(connection, 'unknown', this.#options.timeOf(connection.lastNs));
    } else if (connection.hasMoved) {
      this.#listen(connection);
      this.#tell(connection, 'periodic', this.#dueNs);
    }
  }

  #end(connection: TcpConnection): void {
    if (connection.closedNs === 0) {
      this.#forget(connection, 'unknown', this.#options.timeOf(connection.lastNs));
      return;
    }
    const answered = connection.conversations.some((conversation) => conversation.answered);
    const closeType = closeTypeOf(connection.counters, connection.role, connection.wasOpen, answered);
    this.#forget(connection, closeType, this.#options.timeOf(connection.closedNs));
  }

  #forget(connection: TcpConnection, closeType: CloseType, toNs: number): void {
    // Nothing can be said of one that the kernel never told of.
    if (connection.counters.state !== 0) {
      if (connection.closedNs === 0) this.#listen(connection);
      this.#tell(connection, closeType, toNs);
    }
    this.#closing.delete(connection);
    this.#connections.delete(connection.socket);
    this.#links.release(connection.linkKey);
  }

  #tell(connection: TcpConnection, closeType: CloseType, toNs: number): void {
    // Who owns it may still be found out: it is told from its beginning then.
    if (connection.pid === 0 && !this.#options.isWanted(0)) return;
    if (connection.isWanted) this.#write(connection, closeType, toNs);
    connection.told = connection.counters;
    connection.toldNs = toNs;
    for (const conversation of connection.conversations) clearCalls(conversation);
  }

  /** The process that owns it, told to the other end; undefined while it is not known. */
  #own(connection: TcpConnection, timeNs: number): ProcessResource | undefined {
    const { pid, link, isFirst } = connection;
    if (pid === 0) return undefined;
    const owner = this.#options.processOf(pid, timeNs);
    // Asked now: a process that is over was forgotten.
    if (connection.judgedPid !== pid) connection.isWanted = this.#options.isWanted(pid);
    connection.judgedPid = pid;
    // Calls do not name processes that are left out either.
    if (link !== undefined && connection.isWanted) link[isFirst ? 'first' : 'second'] = owner.serviceName;
    return owner;
  }

  #write(connection: TcpConnection, closeType: CloseType, toNs: number): void {
    const { timeOf, maxPendingBytes } = this.#options;
    const owner = this.#own(connection, connection.lastNs);
    if (this.#request.sizeBytes > maxPendingBytes && !this.#isClosing) {
      this.counters.dropped++;
      return;
    }
    const startNs = timeOf(connection.startNs);
    const fromNs = connection.toldNs === 0 ? startNs : connection.toldNs;
    const endNs = Math.max(startNs, Math.min(toNs, timeOf(connection.lastNs)));
    this.#writer.write(connection, closeType, { fromNs, toNs: Math.max(fromNs, toNs), startNs, endNs });
    const resource = owner === undefined ? this.#hostResource : () => owner.resource();
    this.#request.add(owner?.key ?? '', resource, this.#writer.head, this.#writer.attributes.out);
    this.counters.records++;
  }
}

/** Counting begins anew. */
function clearCalls(conversation: FlowIdentity): void {
  conversation.requests = 0;
  conversation.responses = 0;
  conversation.clientErrors = 0;
  conversation.serverErrors = 0;
  conversation.timeouts = 0;
}
