/** Who talks with whom: what a connection's calls and records say of their ends; made once per connection with payload. */

import type { Worker } from './l7/evidence.ts';
import type { ToldTable } from './l7/http2/told.ts';
import type { Side } from './l7/message.ts';

export type Transport = 'tcp' | 'udp' | 'icmp';

/** What is known of a connection that is seen inside a process: of its socket and its other end. */
export interface SocketFacts {
  /** Names the socket on this host while it is open. */
  readonly id: string;
  /** The library that encrypts what was read in the clear; empty for plain connections. */
  readonly tlsLibrary: string;
  /** `service.name` of the process at the other end where that is on this host too; else empty. */
  readonly peerService: string;
  /** Names both sockets of a connection over AF_UNIX, which has neither ports nor sequence numbers of TCP: the same at both; else undefined. */
  readonly unixPair?: string | undefined;
  /** Who works on the request with that id, where it is known by something else than its bytes; tells it once. */
  takeWorker(id: number): Worker | null;
  /** Whether the process told that this side's next block of HTTP/2's header fields on that stream is about to come. */
  awaitsBlock(side: Side, stream: number): boolean;
  /** The table of header fields that this side had before the HTTP/2 block of that stream, where the process told it; tells it once. */
  takeTable(side: Side, stream: number, bytes: Uint8Array, start: number, end: number): ToldTable | null;
}

export interface FlowIdentity {
  readonly transport: Transport;
  /** It was open before it was seen: what is seen of it first may be the middle of a message. */
  readonly isOlder: boolean;
  /** Text of the addresses, without brackets. `reverse` swaps the two ends. */
  clientAddress: string;
  clientPort: number;
  serverAddress: string;
  serverPort: number;
  /** The client's own address as a TCP option or a PROXY header tells it; empty when nothing does. */
  realClientAddress: string;
  realClientPort: number;
  /** The flow's id: 64 bits as two unsigned words. */
  readonly idHi: number;
  readonly idLo: number;
  /** Where it was seen: `c`, `s`, `local`, `rest` … (deepflow-facts §2), and the interface's or file's name. */
  observationPoint: string;
  readonly interfaceName: string;
  /** Name of the tunnel its packets came in; empty without one. */
  readonly tunnel: string;
  /** Null where packets were seen. */
  readonly socket: SocketFacts | null;
  /** What its calls say of it since the flow's last record, which begins them anew: the protocol's name, and counts. */
  protocol: string;
  requests: number;
  responses: number;
  clientErrors: number;
  serverErrors: number;
  timeouts: number;
  /** The last call ended well: a reset by the client after it is a normal end. */
  answered: boolean;
  /** Says that the ends are the other way round: swaps them here and in the flow's own record. */
  reverse(): void;
}

/** The flow's id as 16 hex digits. */
export function flowIdText(flow: Pick<FlowIdentity, 'idHi' | 'idLo'>): string {
  return (flow.idHi >>> 0).toString(16).padStart(8, '0') + (flow.idLo >>> 0).toString(16).padStart(8, '0');
}
