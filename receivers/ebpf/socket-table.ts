/** The sockets of all processes: events in, in whatever order the kernel could tell them; ordered bytes to connections out. */
import { eventKind, eventSource } from '../../bpf/programs/event.gen.ts';
import type { Analysis } from '../../flow/l7/analysis.ts';
import type { Evidence } from '../../flow/l7/evidence.ts';
import type { Session } from '../../flow/l7/session.ts';
import { type FoundEnds, findEnds, findUnixEnds } from './ends.ts';
import { type FlowId, flowIdOf } from './flow-id.ts';
import { Holdings } from './holdings.ts';
import { type Link, Links } from './links.ts';
import { OlderConnections, SocketTables } from './older-connections.ts';
import type { Owner } from './owners.ts';
import { copyEvent, type Direction, type SocketEvent } from './socket-event.ts';
import { type Ends, LinkedSocket, type Role, SocketFlow } from './socket-flow.ts';
import { type Plane, SocketStream, type Wish } from './socket-stream.ts';
import { StreamWorkers } from './stream-workers.ts';
import type { TableWatch } from './table-watch.ts';
import { inodeOf, isUnix, UnixPaths } from './unix-paths.ts';
import type { Requests, Work } from './work.ts';

/** An event that came before one it follows waits so long for it. */
const deferNs = 500e6;
/** Events of one socket that may wait. */
const maxDeferred = 256;
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

/** One socket, or one peer of a UDP socket. */
class Entry implements Requests {
  readonly key: number | string;
  readonly ends: Ends;
  readonly id: FlowId;
  /** Of the file of an AF_UNIX socket; else 0. */
  readonly inode: number;
  readonly linkKey: string;
  readonly link: Link;
  readonly isFirst: boolean;
  readonly unixPair: string | undefined;
  readonly workers = new StreamWorkers();
  readonly tables: SocketTables;
  role: Role;
  pid = 0;
  process: Owner;
  plain: SocketStream | null = null;
  clear: SocketStream | null = null;
  evidence: Evidence | null = null;
  deferred: SocketEvent[] | null = null;
  lastNs = 0;

  constructor(
    key: number | string,
    ends: Ends,
    { id, inode }: { id: FlowId; inode: number },
    linked: Omit<FoundEnds, 'ends'> & { link: Link },
    role: Role,
    process: Owner,
    tables: SocketTables,
  ) {
    this.key = key;
    this.tables = tables;
    this.ends = ends;
    this.id = id;
    this.inode = inode;
    this.linkKey = linked.key;
    this.isFirst = linked.isFirst;
    this.unixPair = linked.unixPair;
    this.link = linked.link;
    this.role = role;
    this.process = process;
  }

  get isUnix(): boolean {
    return this.inode > 0;
  }

  *sessions(): Generator<Session> {
    for (const stream of [this.clear, this.plain]) if (stream?.session) yield stream.session;
  }
}

export class SocketTable {
  /** `evicted`: sockets forgotten because too many were open; `reordered`: events that waited for one that came later; `unordered`: those that waited in vain. */
  readonly counters = { evicted: 0, reordered: 0, unordered: 0, unknownClear: 0 };
  readonly #options: SocketTableOptions;
  readonly #sockets = new Map<number, Entry>();
  readonly #datagrams = new Map<string, Entry>();
  readonly #links = new Links();
  readonly #unixPaths: UnixPaths;
  /** UDP conversations and AF_UNIX sockets by the process that used them last. */
  readonly #holdings = new Holdings<Entry>();
  /** Entries with events that wait. */
  readonly #waiting = new Set<Entry>();
  readonly #older: OlderConnections;
  #frame = 0;

  constructor(options: SocketTableOptions) {
    this.#options = options;
    this.#unixPaths = new UnixPaths(options.maxSockets);
    this.#older = new OlderConnections({
      watch: options.tables,
      find: (socket) => this.#sockets.get(socket),
      make: (event) => this.#entry(event),
      dispatch: (event) => this.#dispatch(event),
    });
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
    for (const entry of this.#waiting) {
      if (entry.deferred![0]!.timeNs + deferNs < nowNs) this.#giveUp(entry);
    }
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
      if (event.source !== eventSource.syscall) this.counters.unknownClear++;
      return;
    }
    const entry = this.#entry(event);
    if (event.source !== eventSource.syscall) {
      this.#deliver(entry, this.#clearStream(entry, event), event);
      return;
    }
    // What waits for bytes that come before these waits in vain: they would have been told by now.
    if (entry.deferred !== null && entry.deferred[0]!.direction !== event.direction)
      this.#giveUp(entry, event.sequence);
    if (entry.deferred === null) {
      if (this.#comesEarly(entry, event)) this.#defer(entry, event);
      else this.#deliver(entry, this.#plainStream(entry), event);
    } else if (entry.deferred[0]!.direction === event.direction) this.#defer(entry, event);
    else {
      this.#deliver(entry, this.#plainStream(entry), event);
      this.#resume(entry);
    }
  }

  /** Whether bytes of the other direction that came before these have not been told yet. */
  #comesEarly(entry: Entry, event: SocketEvent): boolean {
    const stream = entry.plain;
    if (stream === null || entry.isUnix) return false;
    const other = stream.expected(event.direction === 0 ? 1 : 0);
    return other >= 0 && ((event.otherSequence - other) | 0) > 0;
  }

  #defer(entry: Entry, event: SocketEvent): void {
    entry.deferred ??= [];
    entry.deferred.push(copyEvent(event));
    this.#waiting.add(entry);
    this.counters.reordered++;
    if (entry.deferred.length > maxDeferred) this.#giveUp(entry);
  }

  /** Goes on with what waited as far as it can. */
  #resume(entry: Entry): void {
    const deferred = entry.deferred!;
    let at = 0;
    while (at < deferred.length && !this.#comesEarly(entry, deferred[at]!)) {
      this.#deliver(entry, this.#plainStream(entry), deferred[at]!);
      at++;
    }
    entry.deferred = at === deferred.length ? null : deferred.slice(at);
    if (entry.deferred === null) this.#waiting.delete(entry);
  }

  /** What these events wait for was lost: of all of them, or of those that wait for no more than comes before `until`. */
  #giveUp(entry: Entry, until?: number): void {
    const { deferred } = entry;
    if (deferred === null) return;
    let at = 0;
    while (at < deferred.length && (until === undefined || ((until - deferred[at]!.otherSequence) | 0) >= 0)) at++;
    if (at === 0) return;
    entry.deferred = at === deferred.length ? null : deferred.slice(at);
    if (entry.deferred === null) this.#waiting.delete(entry);
    this.counters.unordered += at;
    for (const event of deferred.slice(0, at)) {
      const other: Direction = event.direction === 0 ? 1 : 0;
      this.#plainStream(entry).lose(other, event.otherSequence, this.#options.timeOf(event.timeNs));
      this.#deliver(entry, this.#plainStream(entry), event);
    }
  }

  #deliver(entry: Entry, stream: SocketStream, event: SocketEvent): void {
    entry.lastNs = event.timeNs;
    const { input } = this.#options.analysis;
    input.evidence = this.#evidence(entry, event);
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

  /** The same object while nothing changes: most calls are one event in and one out. */
  #evidence(entry: Entry, event: SocketEvent): Evidence {
    if (event.pid !== entry.pid || entry.process.isOver) this.#own(entry, event);
    const known = entry.evidence;
    if (
      known !== null &&
      known.syscallTraceId === event.traceId &&
      known.threadId === event.tid &&
      known.goroutineId === event.goroutine &&
      known.coroutineId === event.coroutine &&
      known.process === entry.process
    )
      return known;
    entry.evidence = {
      process: entry.process,
      threadId: event.tid,
      syscallTraceId: event.traceId,
      goroutineId: event.goroutine,
      parentGoroutineId: event.parentGoroutine,
      coroutineId: event.coroutine,
    };
    return entry.evidence;
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
    const flow = new SocketFlow(entry.ends, entry.role, facts, entry.id.hi, entry.id.lo, turned);
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
      if (isOf(known, event)) return known;
      this.#sockets.delete(event.socket);
      this.#end(known, event.timeNs);
    }
    if (this.#sockets.size >= this.#options.maxSockets) {
      const oldest = this.#sockets.values().next().value!;
      this.#sockets.delete(oldest.key as number);
      this.#end(oldest, event.timeNs);
      this.counters.evicted++;
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
        this.counters.evicted++;
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
    if (entry === undefined || !isOf(entry, event)) return;
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
    this.#giveUp(entry);
    this.#holdings.release(entry.pid, entry);
    const timeNs = this.#options.timeOf(nowNs);
    entry.plain?.close(timeNs);
    entry.clear?.close(timeNs);
    // The entry itself may be remembered for what its process does next (work.ts): without what it read.
    entry.plain = null;
    entry.clear = null;
    entry.evidence = null;
    this.#links.release(entry.linkKey);
  }
}

/** Whether a socket's event is of the connection that is known, and not of a later one whose socket has the same name. */
function isOf({ ends, inode }: Entry, event: SocketEvent): boolean {
  if (isUnix(event)) return inode === inodeOf(event);
  return inode === 0 && ends.localPort === event.localPort && ends.remotePort === event.remotePort;
}
