/** The sockets of all processes: events in, in whatever order the kernel could tell them; ordered bytes to connections out. */
import { eventKind, eventSource } from '../../bpf/programs/event.gen.ts';
import type { Analysis } from '../../flow/l7/analysis.ts';
import { EarlyEvents } from './early-events.ts';
import { findEnds, findUnixEnds } from './ends.ts';
import { flowIdOf } from './flow-id.ts';
import { Holdings } from './holdings.ts';
import { Links } from './links.ts';
import { OlderConnections, SocketTables } from './older-connections.ts';
import type { Owner } from './owners.ts';
import { Entry } from './socket-entry.ts';
import type { SocketEvent } from './socket-event.ts';
import { LinkedSocket, type Role, SocketFlow } from './socket-flow.ts';
import { type Plane, SocketStream, type Wish } from './socket-stream.ts';
import type { TableWatch } from './table-watch.ts';
import { inodeOf, isUnix, UnixPaths } from './unix-paths.ts';
import type { Work } from './work.ts';

/** UDP conversations end by silence. */
const datagramIdleNs = 60e9;
const tlsNames: Record<number, string> = {
  [eventSource.openssl]: 'openssl',
  [eventSource.gnutls]: 'gnutls',
  [eventSource.goTls]: 'go',
};

export interface SocketTableOptions {
  analysis: Analysis;
  /** Monotonic nanoseconds to the capture's. */
  timeOf(monotonicNs: number): number;
  /** The process of a pid, as the resource of its spans. */
  processOf(pid: number, timeNs: number): Owner;
  /** Which end a process has of a connection that was not seen to open. */
  guessRole(event: SocketEvent): Role;
  /** Tells the kernel what to send of a socket, whose last event was then. */
  wish(socket: number, serverPort: number, plane: Plane, wish: Wish, seenNs: number): void;
  maxSockets: number;
  /** Hears of processes that speak TLS of which no plaintext was seen. */
  encrypted(pid: number): void;
  /** Hears which trace ids begin with a request that came in. */
  work: Work;
  /** Processes that tell their tables of header fields. */
  tables: Pick<TableWatch, 'isKnown' | 'isProbed' | 'ask'>;
}

export class SocketTable {
  /** `evicted`: sockets forgotten because too many were open; `unknownClear`: plaintext of TLS whose socket nobody knows. */
  readonly #counted = { evicted: 0, unknownClear: 0 };
  readonly #options: SocketTableOptions;
  readonly #sockets = new Map<number, Entry>();
  readonly #datagrams = new Map<string, Entry>();
  readonly #links = new Links();
  readonly #unixPaths: UnixPaths;
  /** UDP conversations and AF_UNIX sockets by the process that used them last. */
  readonly #holdings = new Holdings<Entry>();
  readonly #early: EarlyEvents;
  readonly #older: OlderConnections;
  #frame = 0;

  constructor(options: SocketTableOptions) {
    this.#options = options;
    this.#unixPaths = new UnixPaths(options.maxSockets);
    this.#early = new EarlyEvents({
      deliver: (entry, event) => this.#deliver(entry, this.#plainStream(entry), event),
      lose: (entry, direction, until, timeNs) =>
        this.#plainStream(entry).lose(direction, until, options.timeOf(timeNs)),
    });
    this.#older = new OlderConnections({
      watch: options.tables,
      find: (socket) => this.#sockets.get(socket),
      make: (event) => this.#entry(event),
      dispatch: (event) => this.#dispatch(event),
    });
  }

  /** What happened so far that should not happen often. */
  get counters() {
    return { ...this.#counted, ...this.#early.counters };
  }

  get size(): number {
    return this.#sockets.size + this.#datagrams.size;
  }

  /** The connections that are read from a TCP socket: its plain one, and what a TLS library shows of it. */
  conversationsOf(socket: number): readonly SocketFlow[] {
    const entry = this.#sockets.get(socket);
    if (entry === undefined) return [];
    return [entry.plain, entry.clear].filter((stream) => stream !== null).map((stream) => stream.flow);
  }

  /** Takes the next event; its bytes may be overwritten after the call. */
  take(event: SocketEvent): void {
    if (event.kind === eventKind.headers) this.#older.tell(event);
    else if (!this.#older.keeps(event)) this.#dispatch(event);
  }

  #dispatch(event: SocketEvent): void {
    switch (event.kind) {
      case eventKind.data:
        if (event.transport === 17) this.#datagram(event);
        else this.#data(event);
        return;
      case eventKind.open:
        if (isUnix(event)) this.#unixPaths.tell(event);
        if (isUnix(event) || (event.transport === 6 && event.family !== 0)) this.#entry(event);
        return;
      case eventKind.close:
        this.#close(event);
        return;
      case eventKind.link:
        this.#assign(event);
        return;
      default:
    }
  }

  /** All events before `nowNs` were taken: gives up waiting and silent conversations. */
  tick(nowNs: number): void {
    this.#older.tick(nowNs);
    this.#early.tick(nowNs);
    for (const [key, entry] of this.#datagrams) {
      if (entry.lastNs + datagramIdleNs > nowNs) break;
      this.#datagrams.delete(key);
      this.#end(entry, nowNs);
    }
  }

  /** A process is over, and with it what only it used. */
  exit(pid: number, timeNs: number): void {
    for (const entry of this.#holdings.take(pid)) {
      if (typeof entry.key === 'string') this.#datagrams.delete(entry.key);
      else this.#sockets.delete(entry.key);
      this.#end(entry, timeNs);
    }
  }

  /** Ends everything, as at the end of capture. */
  close(nowNs: number): void {
    this.#older.close();
    for (const entry of this.#sockets.values()) this.#end(entry, nowNs);
    for (const entry of this.#datagrams.values()) this.#end(entry, nowNs);
    this.#sockets.clear();
    this.#datagrams.clear();
  }

  #data(event: SocketEvent): void {
    if (event.family === 0 && !isUnix(event)) {
      if (event.source !== eventSource.syscall) this.#counted.unknownClear++;
      return;
    }
    const entry = this.#entry(event);
    if (event.source !== eventSource.syscall) {
      this.#deliver(entry, this.#clearStream(entry, event), event);
      return;
    }
    this.#early.take(entry, event);
  }

  #deliver(entry: Entry, stream: SocketStream, event: SocketEvent): void {
    entry.lastNs = event.timeNs;
    const { input } = this.#options.analysis;
    if (event.pid !== entry.pid || entry.process.isOver) this.#own(entry, event);
    input.evidence = entry.evidenceOf(event);
    if (!entry.process.isWanted) {
      input.evidence = null;
      return;
    }
    const out = event.direction === 1;
    const timeNs = this.#options.timeOf(out ? event.beginNs : event.timeNs);
    this.#older.before(entry, stream, event, timeNs);
    if (!out && entry.role === 'server') this.#options.work.begin(event.traceId, entry);
    stream.take(event, timeNs, ++this.#frame);
    input.evidence = null;
    this.#older.after(entry, stream, event);
  }

  /** Tables of this process are told from now on: its connections whose protocol was not found may be of HTTP/2. */
  lookAgain(pid: number): void {
    for (const entry of this.#sockets.values()) {
      if (entry.pid !== pid || !entry.tables.isOlder) continue;
      entry.plain?.lookAgain();
      entry.clear?.lookAgain();
    }
  }

  /** The process that uses the socket now, which need not be the one that opened it. */
  #own(entry: Entry, { pid, timeNs }: SocketEvent): void {
    if (entry.isUnix || entry.ends.transport === 'udp') {
      this.#holdings.release(entry.pid, entry);
      this.#holdings.hold(pid, entry);
    }
    entry.pid = pid;
    entry.process = this.#options.processOf(pid, timeNs);
    if (!entry.process.isWanted) return;
    if (entry.isFirst) entry.link.first = entry.process.serviceName;
    else entry.link.second = entry.process.serviceName;
  }

  #plainStream(entry: Entry): SocketStream {
    entry.plain ??= this.#stream(entry, '');
    return entry.plain;
  }

  #clearStream(entry: Entry, event: SocketEvent): SocketStream {
    entry.clear ??= this.#stream(entry, tlsNames[event.source] ?? 'tls');
    return entry.clear;
  }

  #stream(entry: Entry, tlsLibrary: string): SocketStream {
    const { analysis, wish, encrypted } = this.#options;
    const facts = new LinkedSocket(tlsLibrary, entry);
    const turned = (role: Role): void => {
      entry.role = role;
    };
    const flow = new SocketFlow(entry, facts, turned);
    const socket = typeof entry.key === 'number' ? entry.key : 0;
    const plane = tlsLibrary === '' ? 'wire' : 'clear';
    return new SocketStream(flow, analysis, (what, protocol) => {
      if (what === 'nothing' && protocol === 'tls' && entry.clear === null) encrypted(entry.pid);
      // It may turn out to be of HTTP/2.
      if (what === 'nothing' && protocol === '' && entry.tables.isOlder && this.#options.tables.isProbed(entry.pid))
        return;
      if (socket > 0) wish(socket, flow.serverPort, plane, what, entry.lastNs);
    });
  }

  /** The entry of the event's socket, made anew when the address now belongs to another connection. */
  #entry(event: SocketEvent): Entry {
    const known = this.#sockets.get(event.socket);
    if (known !== undefined) {
      if (known.isOf(event)) return known;
      this.#sockets.delete(event.socket);
      this.#end(known, event.timeNs);
    }
    if (this.#sockets.size >= this.#options.maxSockets) {
      const oldest = this.#sockets.values().next().value!;
      this.#sockets.delete(oldest.key as number);
      this.#end(oldest, event.timeNs);
      this.#counted.evicted++;
    }
    const entry = this.#create(event.socket, event, 'tcp');
    this.#sockets.set(event.socket, entry);
    return entry;
  }

  #create(key: number | string, event: SocketEvent, transport: 'tcp' | 'udp'): Entry {
    const unix = isUnix(event);
    const role = event.role === 1 ? 'client' : event.role === 2 ? 'server' : this.#guessRole(event);
    const found = unix ? findUnixEnds(event, role, this.#unixPaths.of(event)) : findEnds(event, transport);
    const link = this.#links.hold(found.key);
    const process = this.#options.processOf(event.pid, event.timeNs);
    const ids = { id: flowIdOf(event), inode: unix ? inodeOf(event) : 0 };
    const entry = new Entry(
      key,
      found.ends,
      ids,
      { ...found, link },
      role,
      process,
      new SocketTables(event.role === 0),
    );
    this.#own(entry, event);
    entry.lastNs = event.timeNs;
    return entry;
  }

  /** Who listens on a path is known; where both ends have one, what they say will tell. */
  #guessRole(event: SocketEvent): Role {
    return isUnix(event) ? 'client' : this.#options.guessRole(event);
  }

  #datagram(event: SocketEvent): void {
    if (event.family === 0 || event.remotePort === 0) return;
    const { bytes, remoteAt } = event;
    const peer = Buffer.from(bytes.buffer, bytes.byteOffset + remoteAt, 16).toString('latin1');
    const key = `${event.socket} ${event.remotePort} ${peer}`;
    let entry = this.#datagrams.get(key);
    if (entry === undefined) {
      if (this.#datagrams.size >= this.#options.maxSockets) {
        const oldest = this.#datagrams.values().next().value!;
        this.#datagrams.delete(oldest.key as string);
        this.#end(oldest, event.timeNs);
        this.#counted.evicted++;
      }
      entry = this.#create(key, event, 'udp');
    } else this.#datagrams.delete(key);
    // Used last, found last: those at the beginning are silent longest.
    this.#datagrams.set(key, entry);
    this.#deliver(entry, this.#plainStream(entry), event);
  }

  /** A probe told who works on a stream: of a request that was read before, or will be. */
  #assign(event: SocketEvent): void {
    const entry = this.#sockets.get(event.socket);
    if (entry === undefined || !entry.isOf(event)) return;
    const { sequence: stream, goroutine, parentGoroutine, traceId, direction } = event;
    const worker = { goroutineId: goroutine, parentGoroutineId: parentGoroutine, syscallTraceId: traceId };
    if (direction === 0) this.#options.work.begin(traceId, entry);
    for (const session of entry.sessions()) if (session.assign(stream, worker)) return;
    entry.workers.add(stream, worker);
  }

  #close(event: SocketEvent): void {
    this.#unixPaths.forget(event.socket);
    const entry = this.#sockets.get(event.socket);
    if (entry === undefined) return;
    this.#sockets.delete(event.socket);
    this.#end(entry, event.timeNs);
  }

  #end(entry: Entry, nowNs: number): void {
    this.#early.giveUp(entry);
    this.#holdings.release(entry.pid, entry);
    entry.close(this.#options.timeOf(nowNs));
    this.#links.release(entry.linkKey);
  }
}
