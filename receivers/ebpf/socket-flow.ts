/** A connection as one process sees it: who talks with whom, in the shape that calls are written from. */
import type { FlowIdentity, SocketFacts, Transport } from '../../flow/identity.ts';
import type { Worker } from '../../flow/l7/evidence.ts';
import type { ToldTable, ToldTables } from '../../flow/l7/http2/told.ts';
import type { Side } from '../../flow/l7/message.ts';
import type { FlowId } from './flow-id.ts';
import type { Link } from './links.ts';
import type { StreamWorkers } from './stream-workers.ts';

/** The process is the connection's client or its server. */
export type Role = 'client' | 'server';

export interface Ends {
  transport: Transport;
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  remotePort: number;
}

export class SocketFlow implements FlowIdentity {
  readonly transport: Transport;
  readonly isOlder: boolean;
  clientAddress = '';
  clientPort = 0;
  serverAddress = '';
  serverPort = 0;
  realClientAddress = '';
  realClientPort = 0;
  readonly idHi: number;
  readonly idLo: number;
  observationPoint = '';
  readonly interfaceName = '';
  readonly tunnel = '';
  readonly socket: SocketFacts;
  role: Role;
  protocol = '';
  requests = 0;
  responses = 0;
  clientErrors = 0;
  serverErrors = 0;
  timeouts = 0;
  answered = false;
  readonly #ends: Ends;
  readonly #turned: (role: Role) => void;

  /** `turned` hears that the roles were the other way round. */
  constructor(
    { ends, role, id, isOlder }: { ends: Ends; role: Role; id: FlowId; isOlder: boolean },
    socket: SocketFacts,
    turned: (role: Role) => void,
  ) {
    this.transport = ends.transport;
    this.isOlder = isOlder;
    this.#ends = ends;
    this.role = role;
    this.socket = socket;
    this.idHi = id.hi;
    this.idLo = id.lo;
    this.#turned = turned;
    this.#place();
  }

  reverse(): void {
    this.role = this.role === 'client' ? 'server' : 'client';
    this.#place();
    this.#turned(this.role);
  }

  #place(): void {
    const { localAddress, localPort, remoteAddress, remotePort } = this.#ends;
    const isClient = this.role === 'client';
    this.clientAddress = isClient ? localAddress : remoteAddress;
    this.clientPort = isClient ? localPort : remotePort;
    this.serverAddress = isClient ? remoteAddress : localAddress;
    this.serverPort = isClient ? remotePort : localPort;
    this.observationPoint = isClient ? 'c-p' : 's-p';
  }
}

/** What a socket's connections share. */
export interface SocketParts {
  readonly key: number | string;
  readonly link: Link;
  readonly isFirst: boolean;
  /** Of AF_UNIX: names both of its sockets; else undefined. */
  readonly unixPair: string | undefined;
  readonly workers: StreamWorkers;
  readonly tables: { told: ToldTables };
  readonly role: Role;
}

/** What is known of the socket; the peer's service is looked up when it is asked for, as its process may show later. */
export class LinkedSocket implements SocketFacts {
  readonly id: string;
  readonly tlsLibrary: string;
  readonly #parts: SocketParts;

  constructor(tlsLibrary: string, parts: SocketParts) {
    this.id = String(parts.key);
    this.tlsLibrary = tlsLibrary;
    this.#parts = parts;
  }

  get unixPair(): string | undefined {
    return this.#parts.unixPair;
  }

  get peerService(): string {
    const { link, isFirst } = this.#parts;
    return isFirst ? link.second : link.first;
  }

  takeWorker(id: number): Worker | null {
    return this.#parts.workers.take(id);
  }

  awaitsBlock(side: Side, stream: number): boolean {
    return this.#parts.tables.told.awaits(this.#directionOf(side), stream);
  }

  takeTable(side: Side, ...block: [stream: number, bytes: Uint8Array, start: number, end: number]): ToldTable | null {
    return this.#parts.tables.told.take(this.#directionOf(side), ...block);
  }

  #directionOf(side: Side): 0 | 1 {
    return (side === 0) === (this.#parts.role === 'client') ? 1 : 0;
  }
}
