/** The states of a TCP connection as an observer sees them, what a packet does to them, and how a flow in each of them has ended. */
import type { CloseType } from '../../pdata/schema/flow-log.ts';
import { tcpFlags } from '../packet/packet.ts';

/*
 *            SYN c        SYN/ACK s            ACK
 *   raw ────────► opening1 ────────► opening2 ────────► established ◄───────────┐
 *                    │ │ RST s ► server_reset                 │  │  SYN/ACK s   │ ACK s
 *                    │ └ RST c ► establish_reset ◄ RST ┘      │  └─────────► syn_ack1 ── RST s ► queue_overflow
 *                    │ ACK s, no SYN/ACK before it            │
 *                    └────────► syn1 ── RST c ► port_reuse    │ RST ► reset
 *                                                             │
 *        FIN c ► closing_tx1 ── FIN s ► closing_tx2 ── ACK c ►├► closed
 *        FIN s ► closing_rx1 ── FIN c ► closing_rx2 ── ACK s ►┘
 *
 * c and s: sent by the client, by the server. Who joins in the middle begins with the packet it sees first: any ACK is
 * `established`. A packet that has no arrow leaves the state as it is.
 */
export const tcpStates = [
  'raw',
  'opening1',
  'opening2',
  'established',
  'closing_tx1',
  'closing_tx2',
  'closing_rx1',
  'closing_rx2',
  'closed',
  'reset',
  'server_reset',
  'establish_reset',
  'syn1',
  'port_reuse',
  'syn_ack1',
  'queue_overflow',
] as const;
export type TcpState = (typeof tcpStates)[number];

/** What kind of packet its flags make it: RST outranks FIN, FIN outranks SYN; 5 is none (no ACK, no RST, nothing). */
const packetKinds = ['syn', 'syn_ack', 'ack', 'fin', 'rst'] as const;
type PacketKind = (typeof packetKinds)[number];

type Step = Partial<Record<PacketKind, TcpState>>;

/** From each state, by the client's packet and by the server's. */
const steps: Partial<Record<TcpState, { client: Step; server: Step }>> = {
  raw: {
    client: { syn: 'opening1', ack: 'established', fin: 'closing_tx1', rst: 'reset' },
    server: { syn_ack: 'opening2', ack: 'established', fin: 'closing_rx1', rst: 'reset' },
  },
  opening1: {
    client: { ack: 'established', fin: 'closing_tx1', rst: 'establish_reset' },
    server: { syn_ack: 'opening2', ack: 'syn1', fin: 'closing_rx1', rst: 'server_reset' },
  },
  opening2: {
    client: { ack: 'established', fin: 'closing_tx1', rst: 'establish_reset' },
    server: { ack: 'established', fin: 'closing_rx1', rst: 'establish_reset' },
  },
  syn1: {
    client: { syn: 'opening1', ack: 'established', fin: 'closing_tx1', rst: 'port_reuse' },
    server: { syn_ack: 'opening2', fin: 'closing_rx1', rst: 'establish_reset' },
  },
  established: {
    client: { fin: 'closing_tx1', rst: 'reset' },
    server: { syn_ack: 'syn_ack1', fin: 'closing_rx1', rst: 'reset' },
  },
  syn_ack1: {
    client: { syn: 'established', fin: 'closing_tx1', rst: 'reset' },
    server: { ack: 'established', fin: 'closing_rx1', rst: 'queue_overflow' },
  },
  closing_tx1: { client: { rst: 'reset' }, server: { fin: 'closing_tx2', rst: 'reset' } },
  closing_tx2: { client: { ack: 'closed', rst: 'reset' }, server: { rst: 'reset' } },
  closing_rx1: { client: { fin: 'closing_rx2', rst: 'reset' }, server: { rst: 'reset' } },
  closing_rx2: { client: { rst: 'reset' }, server: { ack: 'closed', rst: 'reset' } },
};

/** Next state, at `state << 7 | server << 6 | flags & 63`. */
export const nextState = buildNextState();

function buildNextState(): Uint8Array {
  const table = new Uint8Array(tcpStates.length << 7);
  for (const [state, name] of tcpStates.entries()) {
    for (let flags = 0; flags < 64; flags++) {
      const kind = kindOf(flags);
      for (const side of ['client', 'server'] as const) {
        const next = kind === undefined ? undefined : steps[name]?.[side][kind];
        table[(state << 7) | (side === 'server' ? 64 : 0) | flags] =
          next === undefined ? state : tcpStates.indexOf(next);
      }
    }
  }
  return table;
}

function kindOf(flags: number): PacketKind | undefined {
  if (flags & tcpFlags.rst) return flags & tcpFlags.syn ? undefined : 'rst';
  if (flags & tcpFlags.fin) return flags & tcpFlags.syn ? undefined : 'fin';
  if (flags & tcpFlags.syn) return flags & tcpFlags.ack ? 'syn_ack' : 'syn';
  return flags & tcpFlags.ack ? 'ack' : undefined;
}

export const closedState = tcpStates.indexOf('closed');

/** States in which a connection is over: a SYN after them opens another. */
export function isOver(state: number): boolean {
  return state >= closedState && state !== syn1 && state !== synAck1;
}
const syn1 = tcpStates.indexOf('syn1');
const synAck1 = tcpStates.indexOf('syn_ack1');

/** Which timeout a state has. */
export type TcpTimeout = 'opening' | 'established' | 'closing' | 'closed' | 'reset' | 'openingReset';

export const stateTimeouts: Record<TcpState, TcpTimeout> = {
  raw: 'opening',
  opening1: 'opening',
  opening2: 'opening',
  syn1: 'opening',
  established: 'established',
  syn_ack1: 'established',
  closing_tx1: 'closing',
  closing_tx2: 'closing',
  closing_rx1: 'closing',
  closing_rx2: 'closing',
  closed: 'closed',
  reset: 'reset',
  queue_overflow: 'reset',
  server_reset: 'openingReset',
  establish_reset: 'openingReset',
  port_reuse: 'closing',
};

/** What tells ends apart that share a state. */
export interface EndFacts {
  clientReset: boolean;
  finSeen: boolean;
  serverPackets: number;
  /** The last thing that the connection's protocol said was a good answer. */
  answered: boolean;
}

/** How a flow in this state has ended, once no packet comes any more. */
export function closeTypeOf(state: number, facts: EndFacts): CloseType {
  const name = tcpStates[state]!;
  switch (name) {
    case 'raw':
      return 'unknown';
    case 'opening1':
      return 'client_syn_repeat';
    case 'opening2':
      return 'server_syn_ack_repeat';
    case 'established':
      return 'timeout';
    case 'closing_tx1':
      return 'server_half_close';
    case 'closing_rx1':
      return 'client_half_close';
    case 'closing_tx2':
    case 'closing_rx2':
    case 'closed':
      return 'finished';
    case 'reset':
      if (!facts.clientReset) return 'server_reset_transfer';
      return facts.finSeen || facts.answered ? 'client_reset_finished' : 'client_reset_transfer';
    case 'server_reset':
      return 'server_reset';
    case 'establish_reset':
      return facts.clientReset ? 'client_establish_reset' : 'server_establish_reset';
    case 'syn1':
    case 'port_reuse':
      return 'client_source_port_reuse';
    case 'syn_ack1':
      return facts.serverPackets > 3 ? 'server_queue_overflow' : 'timeout';
    case 'queue_overflow':
      return 'server_queue_overflow';
    default:
      name satisfies never;
      return 'unknown';
  }
}

/** Whose fault an end is, and at which stage; '' is nobody's. */
export function blame(close: CloseType): { status: 'ok' | 'client_error' | 'server_error'; failure: string } {
  switch (close) {
    case 'server_syn_ack_repeat':
    case 'client_source_port_reuse':
    case 'client_establish_reset':
      return { status: 'client_error', failure: 'client_establish' };
    case 'client_syn_repeat':
    case 'server_reset':
    case 'server_establish_reset':
      return { status: 'server_error', failure: 'server_establish' };
    case 'client_reset_transfer':
      return { status: 'client_error', failure: 'transfer' };
    case 'server_reset_transfer':
    case 'timeout':
    case 'server_queue_overflow':
      return { status: 'server_error', failure: 'transfer' };
    case 'client_half_close':
      return { status: 'client_error', failure: '' };
    case 'server_half_close':
      return { status: 'server_error', failure: '' };
    case 'unknown':
    case 'finished':
    case 'forced':
    case 'periodic':
    case 'client_reset_finished':
      return { status: 'ok', failure: '' };
    default: {
      close satisfies never;
      return { status: 'ok', failure: '' };
    }
  }
}
