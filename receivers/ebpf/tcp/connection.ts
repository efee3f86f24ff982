/** One TCP connection of a process between two records: what is known of it, and what it had counted when it was last told. */
import { eventKind, eventRole } from '../../../bpf/programs/event.gen.ts';
import type { FlowIdentity } from '../../../flow/identity.ts';
import type { DirectionEvidence } from '../../../pdata/schema/flow-log.ts';
import { localAddress, remoteAddress } from '../addresses.ts';
import { type FlowId, flowIdOf } from '../flow-id.ts';
import { type Link, linkKey } from '../links.ts';
import type { SocketEvent } from '../socket-event.ts';
import type { Role } from '../socket-flow.ts';
import { noCounters, type TcpCounters } from './tcp-event.ts';

export class TcpConnection {
  readonly socket: number;
  readonly family: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly id: FlowId;
  readonly linkKey: string;
  readonly isFirst: boolean;
  link: Link | undefined = undefined;
  role: Role;
  evidence: DirectionEvidence;
  /** 0 while nobody is known to own it. */
  pid = 0;
  /** Whether it is told, and the owner that this was asked of. */
  isWanted = true;
  judgedPid = 0;
  /** When it began, 0 when that was before it was watched; when it was first and last heard of. Monotonic. */
  beginNs = 0;
  readonly firstNs: number;
  lastNs: number;
  /** 0 while it is open. */
  closedNs = 0;
  /** First sequence numbers of this end and the other; 0 when not seen. */
  sequence = 0;
  otherSequence = 0;
  counters: TcpCounters = noCounters;
  /** As they were in the last record, and when that ended; 0 before the first. */
  told: TcpCounters = noCounters;
  toldNs = 0;
  /** The number of the last look at open connections that found it. */
  look = 0;
  /** The calls inside, as long as they are looked for. */
  conversations: readonly FlowIdentity[] = [];
  readonly #fromBegin: boolean;

  /** `guess` is asked when the event does not tell which end this is. */
  constructor(event: SocketEvent, guess: (event: SocketEvent) => Role) {
    this.socket = event.socket;
    this.family = event.family;
    this.localAddress = localAddress(event);
    this.localPort = event.localPort;
    this.remoteAddress = remoteAddress(event);
    this.remotePort = event.remotePort;
    this.id = flowIdOf(event);
    const ends = linkKey('tcp', `${this.localAddress} ${this.localPort}`, `${this.remoteAddress} ${this.remotePort}`);
    this.linkKey = ends.key;
    this.isFirst = ends.isFirst;
    this.firstNs = event.timeNs;
    this.lastNs = event.timeNs;
    this.#fromBegin = event.kind === eventKind.open || event.beginNs > 0;
    const known = roleOf(event);
    this.role = known ?? guess(event);
    this.evidence = known === undefined ? 'listening_port' : 'syn';
  }

  /** Whether the event is of this connection, and not of a later one whose socket has the same address. */
  isSame(event: SocketEvent): boolean {
    return (
      event.localPort === this.localPort &&
      event.remotePort === this.remotePort &&
      remoteAddress(event) === this.remoteAddress
    );
  }

  /** Who opened or accepted it, as its call told. */
  opened(event: SocketEvent): void {
    this.pid = event.pid;
    this.#knowRole(event);
  }

  /** What the kernel has counted by now. */
  count(event: SocketEvent, counters: TcpCounters): void {
    // Before it was watched it has moved what is not of this interval.
    if (this.counters === noCounters && !this.#fromBegin) this.told = counters;
    this.counters = counters;
    this.lastNs = event.timeNs;
    if (this.pid === 0) this.pid = event.pid;
    if (event.beginNs > 0) this.beginNs = event.beginNs;
    if (event.sequence !== 0) this.sequence = event.sequence;
    if (event.otherSequence !== 0) this.otherSequence = event.otherSequence;
    this.#knowRole(event);
  }

  /** It has sent or received something since it was last told. */
  get hasMoved(): boolean {
    return this.counters.segmentsOut !== this.told.segmentsOut || this.counters.segmentsIn !== this.told.segmentsIn;
  }

  get wasOpen(): boolean {
    return this.counters.connected || this.beginNs === 0;
  }

  get startNs(): number {
    return this.beginNs > 0 ? this.beginNs : this.firstNs;
  }

  #knowRole(event: SocketEvent): void {
    const known = roleOf(event);
    if (known === undefined) return;
    this.role = known;
    this.evidence = 'syn';
  }
}

function roleOf({ role }: SocketEvent): Role | undefined {
  if (role === eventRole.client) return 'client';
  return role === eventRole.server ? 'server' : undefined;
}
