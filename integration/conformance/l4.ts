/** Compares the flow table's reading of a capture with an `l4` expectation of the conformance set. */

import { FlowTable } from '../../flow/l4/flow-table.ts';
import {
  defaultMaxFlows,
  defaultReassembly,
  defaultReassemblyBudgetBytes,
  defaultTimeoutsNs,
} from '../../flow/l4/options.ts';
import { type FlowRecord, readFlowRecords, sumFlowRecords } from '../../flow/l4/testing/records.ts';
import type { CaptureClock } from '../../flow/packet/clock.ts';
import type { Packet } from '../../flow/packet/packet.ts';

/** A delay in microseconds, as the set writes it. */
interface Delay {
  count?: number;
  sum?: number;
  max?: number;
}

interface ByDirection {
  c2s?: number;
  s2c?: number;
}

export interface L4Flow {
  client: string;
  server: string;
  l4: string;
  packets?: ByDirection;
  payloadBytes?: ByDirection;
  fin?: ByDirection;
  rst?: ByDirection;
  syn?: number;
  synAck?: number;
  durationUs?: number;
  handshakeFromCapture?: { serverUs?: number; clientUs?: number; fullUs?: number };
  metrics?: {
    rttUs?: number;
    rttServerUs?: Delay;
    rttClientUs?: Delay;
    srtUs?: Delay;
    artUs?: Delay;
    citUs?: Delay;
    retransmissions?: ByDirection;
    outOfOrder?: ByDirection;
    zeroWindow?: ByDirection;
    synRetransmissions?: number;
    synAckRetransmissions?: number;
  };
  closeType?: string;
  reassembly?: { payloadBytes: number }[];
}

export interface L4Expectation {
  kind: 'l4';
  flows: L4Flow[];
  policyFields?: string[];
}

/** One key compared. */
export interface L4Comparison {
  /** `flows[0].metrics.rttUs` */
  path: string;
  /** A convention of the set rather than a fact of the wire. */
  policy: boolean;
  expected: unknown;
  actual: unknown;
}

/** A flow as the table sees it: all records of one pair of ends, added up. */
export interface SeenFlow {
  record: FlowRecord;
  /** Sizes of the pieces of payload, in the order they were delivered. */
  pieces: number[];
}

/** Takes the packets of one capture and gives its flows by `client>server`. */
export class FlowObserver {
  readonly #table: FlowTable;
  readonly #pieces = new Map<string, number[]>();
  #lastNs = 0;

  constructor(clock: CaptureClock) {
    this.#table = new FlowTable({
      clock,
      points: [{ interfaceName: 'capture', observationPoint: 'c' }],
      connect: (flow) => {
        const pieces: number[] = [];
        this.#pieces.set(`${flow.clientAddress}:${flow.clientPort}>${flow.serverAddress}:${flow.serverPort}`, pieces);
        return {
          data: (_side, _bytes, start, end) => pieces.push(end - start) > 0,
          gap: () => {},
          finish: () => {},
          close: () => {},
        };
      },
      tunnelName: String,
      resource: () => new Uint8Array(0),
      scopeVersion: '1',
      maxFlows: defaultMaxFlows,
      timeoutsNs: defaultTimeoutsNs,
      listeningPorts: new Set(),
      reassembly: defaultReassembly,
      reassemblyBudgetBytes: defaultReassemblyBudgetBytes,
      seed: 1,
    });
  }

  packet(packet: Packet): void {
    this.#lastNs = Math.max(this.#lastNs, packet.timeNs);
    this.#table.packet(packet);
  }

  /** The flows; `closeType` is the state 600 s after the last packet, as the set has it. */
  finish(): Map<string, SeenFlow> {
    this.#table.tick(this.#lastNs + 600e9);
    this.#table.close();
    const byEnds = new Map<string, FlowRecord[]>();
    for (const record of readFlowRecords(this.#table.drain())) {
      const ends = `${bracketed(record, 'client')}>${bracketed(record, 'server')}`;
      byEnds.set(ends, [...(byEnds.get(ends) ?? []), record]);
    }
    const flows = new Map<string, SeenFlow>();
    for (const [ends, records] of byEnds) {
      const pieces = this.#pieces.get(ends.replaceAll(/[[\]]/g, '')) ?? [];
      flows.set(ends, { record: sumFlowRecords(records), pieces });
    }
    return flows;
  }
}

/** Compares every key that the expectation has. */
export function compareL4({ flows, policyFields = [] }: L4Expectation, seen: Map<string, SeenFlow>): L4Comparison[] {
  return flows.flatMap((flow, index) => {
    const found = seen.get(`${flow.client}>${flow.server}`);
    const ends = { path: `flows[${index}]`, policy: false, expected: `${flow.client} > ${flow.server}` };
    if (found === undefined) return [{ ...ends, actual: [...seen.keys()].join(', ') }];
    const actual = describe(found);
    return Object.entries(flow).flatMap(([key, expected]) =>
      key === 'client' || key === 'server'
        ? []
        : leaves(`flows[${index}].${key}`, expected, actual[key as keyof L4Flow], policyFields.includes(key)),
    );
  });
}

function leaves(path: string, expected: unknown, actual: unknown, policy: boolean): L4Comparison[] {
  if (typeof expected !== 'object' || expected === null) return [{ path, policy, expected, actual }];
  return Object.entries(expected).flatMap(([key, value]) =>
    leaves(`${path}.${key}`, value, (actual as Record<string, unknown> | undefined)?.[key], policy),
  );
}

/** The flow in the words of the set. */
function describe({ record, pieces }: SeenFlow): L4Flow {
  const number = (key: string) => Number(record[`deepflow.flow.${key}`] ?? 0);
  const us = (key: string) => Math.round(number(key) / 1000);
  const both = (key: string) => ({ c2s: number(`client.${key}`), s2c: number(`server.${key}`) });
  const delay = (key: string) => ({ count: number(`${key}.count`), sum: us(`${key}.sum`), max: us(`${key}.max`) });
  return {
    client: '',
    server: '',
    l4: String(record['network.transport']),
    packets: both('packets'),
    payloadBytes: both('payload_bytes'),
    fin: both('fin'),
    rst: both('rst'),
    syn: number('syn'),
    synAck: number('syn_ack'),
    durationUs: us('duration'),
    // One handshake without repeats: its only values. With repeats the set asks for the first; delays begin at the first too.
    handshakeFromCapture: { serverUs: us('rtt_server.min'), clientUs: us('rtt_client.min'), fullUs: us('rtt.min') },
    metrics: {
      rttUs: us('rtt.max'),
      rttServerUs: delay('rtt_server'),
      rttClientUs: delay('rtt_client'),
      srtUs: delay('srt'),
      artUs: delay('art'),
      citUs: delay('cit'),
      retransmissions: both('retransmissions'),
      outOfOrder: both('out_of_order'),
      zeroWindow: both('zero_window'),
      synRetransmissions: number('syn.retransmissions'),
      synAckRetransmissions: number('syn_ack.retransmissions'),
    },
    closeType: String(record['deepflow.flow.close_type']),
    reassembly: pieces.slice(1).map((size, index) => ({ payloadBytes: pieces[index]! + size })),
  };
}

function bracketed(record: FlowRecord, side: 'client' | 'server'): string {
  const address = String(record[`${side}.address`]);
  const port = record[`${side}.port`] ?? 0;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
