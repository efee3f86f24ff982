/** What a flow table is told: its size, its timeouts, and who takes the payload. */
import { randomBytes } from 'node:crypto';
import type { CaptureClock } from '../packet/clock.ts';
import type { Connect } from './consumer.ts';
import type { ReassemblyLimits } from './reassembly.ts';
import type { TcpTimeout } from './tcp-state.ts';

/** Where packets come from; `Packet.point` is the number in the list. */
export interface CapturePoint {
  /** Interface or file. */
  interfaceName: string;
  /** `c`, `s`, `local` …: where on the way it is. */
  observationPoint: string;
  /**
   * Addresses of the host it is on, where that is known: a flow whose client has one of them is seen at `c`, whose server has one at `s`, with
   * both at `local`.
   */
  hostAddresses?: ReadonlySet<string>;
}

/** How long a flow may be idle before it is over. */
export type FlowTimeouts = Readonly<Record<TcpTimeout | 'udp' | 'other', number>>;

export interface FlowTableOptions {
  clock: CaptureClock;
  /** Read whenever a name is needed, so points may be added. */
  points: readonly CapturePoint[];
  /** Asked with the first payload of each flow; null: no payload is wanted, and nothing is reassembled. */
  connect: Connect | null;
  /** Name of a tunnel by `Packet.tunnel`. */
  tunnelName: (code: number) => string;
  /** The OTLP Resource message of the records; asked once for every drained request. */
  resource: () => Uint8Array;
  scopeVersion: string;
  /** Above this, a new flow closes the one that is idle longest. */
  maxFlows: number;
  /** Flows whose payload is read at one time, about 2 KB each; further ones are only counted. */
  maxConversations: number;
  timeoutsNs: FlowTimeouts;
  /** Ports that servers listen on; outranks port numbers and history. */
  listeningPorts: ReadonlySet<number>;
  /** TCP ports that a protocol is registered for: where neither end's port is privileged, the one that has such a port is the server. */
  registeredPorts: ReadonlySet<number>;
  reassembly: ReassemblyLimits;
  /** Of all segments that wait behind holes. */
  reassemblyBudgetBytes: number;
  /** Records that wait to be drained may take this much; beyond it they are dropped and counted. */
  maxPendingBytes: number;
  /** Random 32 bits: begins the flows' ids, and keeps senders from aiming at one slot of the hash table. */
  seed: number;
}

const second = 1e9;

/** The timeouts of TCP are DeepFlow's; of the rest common ones. */
export const defaultTimeoutsNs: FlowTimeouts = {
  opening: 5 * second,
  established: 300 * second,
  closing: 5 * second,
  closed: 2 * second,
  reset: 35 * second,
  openingReset: second,
  udp: 60 * second,
  other: 30 * second,
};

/** What a table is told when nothing else is said; who it works for must be added. */
export const defaultFlowOptions = {
  points: [] as readonly CapturePoint[],
  maxFlows: 1 << 20,
  maxConversations: 1 << 17,
  timeoutsNs: defaultTimeoutsNs,
  listeningPorts: new Set<number>() as ReadonlySet<number>,
  registeredPorts: new Set<number>() as ReadonlySet<number>,
  // Room for what TCP windows let wait; a hole is filled within some round trips or never.
  reassembly: { maxBytes: 4 << 20, maxSegments: 1024, maxWaitNs: 10 * second } as ReassemblyLimits,
  reassemblyBudgetBytes: 256 << 20,
  maxPendingBytes: 64 << 20,
  get seed() {
    return randomBytes(4).readUInt32LE();
  },
};
