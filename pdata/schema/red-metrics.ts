/**
 * The table of the metrics that connector `red` makes: what is counted, under which name, in which column of the store.
 *
 * The connector's counters, the OTLP it writes, the tables `call_metrics_*` and `flow_metrics_*` and the page's queries come
 * from it. All metrics are deltas over one window; a series has at most one point a window, and a sum of 0 is not written.
 */
import { closeTypes, flowDelays } from './flow-log.ts';

/** Name of the instrumentation scope of the metrics: who stores them in tables of their own knows them by it. */
export const redScopeName = 'otelcol-deepflow/red';

/** Point attribute with the length of the window: `1s` or `1m`. Never add up series of different intervals. */
export const intervalAttribute = 'deepflow.interval';

/** Point attribute of series that stand for all that did not fit the limits, as the OpenTelemetry metrics SDK names it. */
export const overflowAttribute = 'otel.metric.overflow';

/** What a value is called that was left out to bound the number of series. */
export const otherValue = '_OTHER';

export const redIntervals = ['1s', '1m'] as const;
export type RedInterval = (typeof redIntervals)[number];
export const intervalSeconds: Record<RedInterval, number> = { '1s': 1, '1m': 60 };

export interface RedDimension {
  column: string;
  /** Attribute of the point. */
  attribute: string;
  meaning: string;
  /** The number of values a service may have is limited; the others become {@link otherValue}. */
  bounded: boolean;
}

export interface RedCounter {
  column: string;
  metric: string;
  /** UCUM. */
  unit: string;
  /** Description of the metric, and comment of the column. */
  meaning: string;
  /** Attribute that tells counters of one metric apart. */
  variant?: readonly [attribute: string, value: string];
}

/** An exponential histogram in seconds; columns begin with `column`. */
export interface RedHistogram {
  column: string;
  metric: string;
  meaning: string;
}

export interface RedFamily {
  /** Tables are `<table>_1s` and `<table>_1m`. */
  table: string;
  comment: string;
  dimensions: readonly RedDimension[];
  counters: readonly RedCounter[];
  histograms: readonly RedHistogram[];
}

const client: RedDimension = {
  column: 'client',
  attribute: 'deepflow.client',
  meaning: 'Who asks: its service name when an SDK or the process table told it, else its address',
  bounded: true,
};
const server: RedDimension = {
  column: 'server',
  attribute: 'deepflow.server',
  meaning: 'Who answers: its service name, else address:port',
  bounded: true,
};
const protocol: RedDimension = {
  column: 'protocol',
  attribute: 'deepflow.protocol',
  meaning: 'Protocol of the calls: HTTP, gRPC, Redis …',
  bounded: false,
};
const observationPoint: RedDimension = {
  column: 'observation_point',
  attribute: 'deepflow.observation_point',
  meaning: 'Where it was seen: c, s, local, rest … on the wire, c-app and s-app by an SDK',
  bounded: false,
};

/** Calls: spans of kind server, client, producer and consumer, at the time they ended. */
export const callMetrics: RedFamily = {
  table: 'call_metrics',
  comment: 'Requests, errors and durations: one row per series and window',
  dimensions: [
    {
      column: 'kind',
      attribute: 'span.kind',
      meaning: 'server, client, producer or consumer: who was observed',
      bounded: false,
    },
    { column: 'endpoint', attribute: 'span.name', meaning: 'What was called: name of the spans', bounded: true },
    protocol,
    client,
    server,
    observationPoint,
  ],
  counters: [
    { column: 'requests', metric: 'deepflow.call.requests', unit: '{request}', meaning: 'Requests.' },
    { column: 'responses', metric: 'deepflow.call.responses', unit: '{response}', meaning: 'Responses.' },
    ...(
      [
        ['client_errors', 'client'],
        ['server_errors', 'server'],
        ['timeouts', 'timeout'],
      ] as const
    ).map(([column, side]) => ({
      column,
      metric: 'deepflow.call.errors',
      unit: '{error}',
      meaning: "Calls that failed: by the client's fault, by the server's, or without an answer in time.",
      variant: ['deepflow.error.side', side] as const,
    })),
    {
      column: 'request_bytes',
      metric: 'deepflow.call.request.size',
      unit: 'By',
      meaning: 'Bytes of requests.',
    },
    {
      column: 'response_bytes',
      metric: 'deepflow.call.response.size',
      unit: 'By',
      meaning: 'Bytes of responses.',
    },
  ],
  histograms: [
    {
      column: 'duration',
      metric: 'deepflow.call.duration',
      meaning: 'Time from request to response, of answered calls.',
    },
  ],
};

/** Connections: `deepflow.flow` records, in the last window that the interval of each reaches into. */
export const flowMetrics: RedFamily = {
  table: 'flow_metrics',
  comment: 'Traffic, delays and failures of connections: one row per series and window',
  dimensions: [
    { column: 'transport', attribute: 'network.transport', meaning: 'tcp, udp, icmp …', bounded: false },
    { ...protocol, attribute: 'network.protocol.name', meaning: 'Protocol inside, once it is known' },
    client,
    server,
    observationPoint,
    {
      column: 'interface',
      attribute: 'network.interface.name',
      meaning: 'Interface or file of the capture',
      bounded: true,
    },
  ],
  counters: [
    { column: 'records', metric: 'deepflow.flow.records', unit: '{record}', meaning: 'Flow records.' },
    { column: 'opened', metric: 'deepflow.flow.opened', unit: '{flow}', meaning: 'Flows that began.' },
    ...closeTypes
      .filter((type) => type !== 'periodic')
      .map((type) => ({
        column: `closed_${type}`,
        metric: 'deepflow.flow.closed',
        unit: '{flow}',
        meaning: 'Flows that ended, by how.',
        variant: ['deepflow.flow.close_type', type] as const,
      })),
    ...(['client_establish', 'server_establish', 'transfer'] as const).map((failure) => ({
      column: `failed_${failure}`,
      metric: 'deepflow.flow.failures',
      unit: '{flow}',
      meaning: 'Flows that failed: to open, by whose fault, or while data went.',
      variant: ['deepflow.flow.failure', failure] as const,
    })),
    ...(
      [
        ['packets', '{packet}', 'Packets.'],
        ['bytes', 'By', 'Bytes on the wire, link layer included.'],
        ['l3_bytes', 'By', 'Bytes of IP packets, headers included.'],
        ['payload_bytes', 'By', 'Bytes of transport payload, repeats included.'],
        ['retransmissions', '{packet}', 'Repeated packets.'],
        ['out_of_order', '{packet}', 'Packets that came late.'],
        ['zero_window', '{packet}', 'Packets that said the receive window is full.'],
        ['gap_bytes', 'By', 'Bytes that the peer got but the capture did not.'],
      ] as const
    ).flatMap(([name, unit, meaning]) =>
      (['client', 'server'] as const).map((side) => ({
        column: `${side}_${name}`,
        metric: `deepflow.flow.${name}`,
        unit,
        meaning: `${meaning} By sender.`,
        variant: ['deepflow.flow.sender', side] as const,
      })),
    ),
    { column: 'syn', metric: 'deepflow.flow.syn', unit: '{packet}', meaning: 'SYN packets.' },
    { column: 'syn_ack', metric: 'deepflow.flow.syn_ack', unit: '{packet}', meaning: 'SYN/ACK packets.' },
    {
      column: 'syn_retransmissions',
      metric: 'deepflow.flow.syn.retransmissions',
      unit: '{packet}',
      meaning: 'Repeated SYN packets.',
    },
    {
      column: 'syn_ack_retransmissions',
      metric: 'deepflow.flow.syn_ack.retransmissions',
      unit: '{packet}',
      meaning: 'Repeated SYN/ACK packets.',
    },
  ],
  histograms: flowDelays.map(([delay, meaning]) => ({ column: delay, metric: `deepflow.flow.${delay}`, meaning })),
};

export const redFamilies: readonly RedFamily[] = [callMetrics, flowMetrics];

/** Number of the counter that is stored in `column`. */
export function counterOf(family: RedFamily, column: string): number {
  const index = family.counters.findIndex((counter) => counter.column === column);
  if (index < 0) throw new Error(`${family.table} has no counter ${column}`);
  return index;
}
