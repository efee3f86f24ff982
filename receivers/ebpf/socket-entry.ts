/** One socket of the table, or one peer of a UDP socket: its ends, who uses it, and what is read of it. */
import type { Evidence } from '../../flow/l7/evidence.ts';
import type { Session } from '../../flow/l7/session.ts';
import type { FoundEnds } from './ends.ts';
import type { FlowId } from './flow-id.ts';
import type { Link } from './links.ts';
import type { SocketTables } from './older-connections.ts';
import type { Owner } from './owners.ts';
import type { SocketEvent } from './socket-event.ts';
import type { Ends, Role } from './socket-flow.ts';
import type { SocketStream } from './socket-stream.ts';
import { StreamWorkers } from './stream-workers.ts';
import { inodeOf, isUnix } from './unix-paths.ts';
import type { Requests } from './work.ts';

export class Entry implements Requests {
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
  #evidence: Evidence | null = null;
  /** Events that came before others that they follow (early-events.ts). */
  early: SocketEvent[] | null = null;
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

  /** It was open before it was seen; datagrams are whole whenever they are. */
  get isOlder(): boolean {
    return this.tables.isOlder && this.ends.transport === 'tcp';
  }

  get isUnix(): boolean {
    return this.inode > 0;
  }

  *sessions(): Generator<Session> {
    for (const stream of [this.clear, this.plain]) if (stream?.session) yield stream.session;
  }

  /** Whether the event is of this connection, and not of a later one whose socket has the same name. */
  isOf(event: SocketEvent): boolean {
    if (isUnix(event)) return this.inode === inodeOf(event);
    return this.inode === 0 && this.ends.localPort === event.localPort && this.ends.remotePort === event.remotePort;
  }

  /** The same object while nothing changes: most calls are one event in and one out. */
  evidenceOf(event: SocketEvent): Evidence {
    const known = this.#evidence;
    if (
      known !== null &&
      known.syscallTraceId === event.traceId &&
      known.threadId === event.tid &&
      known.goroutineId === event.goroutine &&
      known.coroutineId === event.coroutine &&
      known.process === this.process
    )
      return known;
    this.#evidence = {
      process: this.process,
      threadId: event.tid,
      syscallTraceId: event.traceId,
      goroutineId: event.goroutine,
      parentGoroutineId: event.parentGoroutine,
      coroutineId: event.coroutine,
    };
    return this.#evidence;
  }

  /** Ends what is read of it. It may be remembered for what its process does next (work.ts), without what it read. */
  close(timeNs: number): void {
    this.plain?.close(timeNs);
    this.clear?.close(timeNs);
    this.plain = null;
    this.clear = null;
    this.#evidence = null;
  }
}
