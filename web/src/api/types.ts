/** Shapes of the answers of `/api/v1`. Times in nanoseconds are text: they do not fit a JavaScript number. */

export interface ServiceRow {
  service: string;
  requests: number;
  errors: number;
  perSecond: number;
  p50Ns: number;
  p99Ns: number;
}

export interface OperationRow {
  name: string;
  spans: number;
}

export interface TraceRow {
  traceId: string;
  startNs: string;
  durationNs: number;
  rootService: string;
  rootName: string;
  /** False when the span without parent is not in the store. */
  hasRoot: boolean;
  spans: number;
  errors: number;
  services: string[];
}

/** A whole trace as columns; `service`, `name` and `scope` are indexes into `strings`. */
export interface TraceColumns {
  traceId: string;
  /** Start of the earliest span. */
  startNs: string;
  strings: string[];
  spanId: string[];
  parentSpanId: string[];
  service: number[];
  name: number[];
  /** Nanoseconds after `startNs`. */
  offsetNs: number[];
  durationNs: number[];
  status: number[];
  kind: number[];
  events: number[];
  /** True when the trace has more spans than were sent. */
  truncated: boolean;
}

export type AttributeType = 'string' | 'bool' | 'int' | 'double' | 'bytes' | 'array' | 'map' | 'empty';

/** `value` is text for all types; bytes are base64, arrays and maps are JSON. */
export interface Attribute {
  key: string;
  type: AttributeType;
  value: string;
}

export interface SpanDetail {
  spanId: string;
  parentSpanId: string;
  name: string;
  service: string;
  kind: number;
  startNs: string;
  durationNs: number;
  status: number;
  statusMessage: string;
  traceState: string;
  attributes: Attribute[];
  resource: Attribute[];
  scopeName: string;
  scopeVersion: string;
  scopeAttributes: Attribute[];
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
  events: { timeNs: string; name: string; attributes: Attribute[] }[];
  links: { traceId: string; spanId: string; attributes: Attribute[] }[];
}

export interface LogRow {
  timeNs: string;
  severity: number;
  severityText: string;
  service: string;
  body: string;
  eventName: string;
  traceId: string;
  spanId: string;
  attributes: Attribute[];
  resource: Attribute[];
  scopeName: string;
}

export interface LogPage {
  logs: LogRow[];
  /** Where the next, older page begins; empty on the last. */
  next: string;
}

export interface LogHistogram {
  stepMs: number;
  /** Start of each bucket. */
  timesMs: number[];
  /** Records per bucket of the severities trace, debug, info, warn, error, fatal, unknown. */
  counts: Record<string, number[]>;
}

export interface MetricRow {
  name: string;
  type: 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary';
  unit: string;
  description: string;
  series: number;
  monotonic: boolean;
}

export interface MetricChart {
  name: string;
  type: MetricRow['type'];
  unit: string;
  /** What the lines show: `rate`, `increase`, `avg`, `max`, `min`, `sum`, `quantiles`. */
  show: string;
  stepMs: number;
  timesMs: number[];
  lines: { label: string; values: (number | null)[] }[];
  /** Lines beyond the limit that are not drawn. */
  hiddenLines: number;
}

export interface StorageRow {
  table: string;
  rows: number;
  bytes: number;
  uncompressedBytes: number;
  parts: number;
  oldestMs: number | null;
  newestMs: number | null;
}

export interface ComponentHealth {
  kind: string;
  id: string;
  /** Those it is part of; none for an extension. */
  pipelines: string[];
  status: string;
  message?: string;
  sinceMs: number;
}

export interface Health {
  build: { name: string; version: string };
  status: string;
  components: ComponentHealth[];
  metrics: { name: string; labels: Record<string, string>; value: number }[];
}

/** ClickHouse's `JSON` format. */
export interface SqlAnswer {
  meta: { name: string; type: string }[];
  data: Record<string, unknown>[];
  rows: number;
  rows_before_limit_at_least?: number;
  statistics?: { elapsed: number; rows_read: number; bytes_read: number };
}

/** Who asks whom; `calls` is null where no call was recognised, `traffic` where no connection was seen, or where another protocol's row tells it. */
export interface EdgeRow {
  client: string;
  server: string;
  protocol: string;
  calls: {
    observationPoint: string;
    otherPoints: string[];
    requests: number;
    perSecond: number;
    clientErrors: number;
    serverErrors: number;
    timeouts: number;
    /** How many calls the quantiles are of. */
    durations: number;
    p50Ns: number;
    p95Ns: number;
    p99Ns: number;
    requestBytes: number;
    responseBytes: number;
  } | null;
  traffic: {
    observationPoint: string;
    opened: number;
    failed: number;
    clientBytes: number;
    serverBytes: number;
    retransmissions: number;
    packets: number;
    /** How many handshakes the quantiles are of. */
    rtts: number;
    rttP50Ns: number;
    rttP99Ns: number;
  } | null;
  trafficIsTold: boolean;
}

/** A connection: its records of the time range added up. */
export interface FlowRow {
  flowId: string;
  clientAddress: string;
  clientPort: number;
  serverAddress: string;
  serverPort: number;
  transport: string;
  protocol: string;
  observationPoint: string;
  interface: string;
  startNs: string;
  endNs: string;
  durationNs: number;
  closeType: string;
  status: string;
  clientBytes: number;
  serverBytes: number;
  clientPackets: number;
  serverPackets: number;
  retransmissions: number;
  outOfOrder: number;
  zeroWindows: number;
  /** Mean; -1 when there is none. */
  rttNs: number;
  artNs: number;
  requests: number;
  errors: number;
}

export interface FlowDetail {
  flowId: string;
  facts: { key: string; value: string; unit: string; meaning: string }[];
}
