/**
 * The table of attributes of a `deepflow.flow` log record: one TCP connection, UDP or ICMP conversation, over one interval.
 *
 * A flow gives one record per minute (aligned to the clock's minutes) and one when it ends, so the sum of its records is the
 * flow. LogRecord.time is the end of the interval, LogRecord.event_name is `deepflow.flow`, the body is empty, severity is
 * unset, and the scope is `otelcol-deepflow/flow`. `flow/l4/record.ts` writes the records; the store's table and the network
 * metrics read them. `receivers/ebpf/tcp/record.ts` writes records of the same kind from what the kernel counts of a process's
 * connections: their observation point is `c-p` or `s-p`, their resource the process.
 *
 * `client` is who opened the connection (or is judged to have), `server` is the other; what is said of a side is about what
 * that side sent. An attribute that is missing is 0, '' or unknown: counts of 0 are not written.
 */

/** The event name of the log records this table describes. */
export const flowEventName = 'deepflow.flow';

/** Name of the instrumentation scope of the records. */
export const flowScopeName = 'otelcol-deepflow/flow';

/** OTLP value: `int` is int64, `ints` an array of int64, `strings` an array of strings. */
export type FlowAttributeType = 'string' | 'int' | 'bool' | 'ints' | 'strings';

/**
 * How the records of one flow combine: `fact` is the same in each (or known better in later ones), `delta` counts this
 * interval alone and is added up, `min`, `max` are of this interval, `or` is a set of bits, `histogram` is merged by bucket.
 */
export type FlowAttributeKind = 'fact' | 'delta' | 'min' | 'max' | 'or' | 'histogram';

export interface FlowAttribute {
  key: string;
  type: FlowAttributeType;
  kind: FlowAttributeKind;
  /** UCUM unit; '' for names, ids and codes. */
  unit: string;
  meaning: string;
}

/** How a flow ended, value of `deepflow.flow.close_type`. The order is the code inside the flow table. */
export const closeTypes = [
  'unknown',
  'finished',
  'server_reset_transfer',
  'timeout',
  'forced',
  'periodic',
  'client_syn_repeat',
  'server_half_close',
  'client_reset_transfer',
  'server_syn_ack_repeat',
  'client_half_close',
  'client_source_port_reuse',
  'server_reset',
  'server_queue_overflow',
  'client_establish_reset',
  'server_establish_reset',
  'client_reset_finished',
] as const;
export type CloseType = (typeof closeTypes)[number];

/** What told which side is the client, value of `deepflow.flow.direction.evidence`, weakest first. */
export const directionEvidence = [
  'first_packet',
  'port',
  'history',
  'listening_port',
  'payload',
  'syn_ack',
  'syn',
] as const;
export type DirectionEvidence = (typeof directionEvidence)[number];

/** The delays of a flow; each has the attributes that `delayAttributes` lists. */
export const flowDelays = [
  ['rtt', 'Handshake as the client sees it: first SYN to the ACK that completes it.'],
  ['rtt_server', 'Round trip between the capture point and the server: first SYN to each SYN/ACK.'],
  ['rtt_client', 'Round trip between the capture point and the client: first SYN/ACK to the ACK of the handshake.'],
  ['srt', 'System response: the server’s bare ACK after the client data it acknowledges.'],
  ['art', 'Application response: the server’s first data after the client’s data.'],
  ['cit', 'Client idle: the client’s next data after the server’s last packet.'],
] as const;
export type FlowDelay = (typeof flowDelays)[number][0];

const identity: FlowAttribute[] = [
  fact('deepflow.flow.id', 'string', 'Id of the flow at this capture point: 16 hex digits, random per process.'),
  fact('client.address', 'string', 'Address of the client, as text.'),
  fact('client.port', 'int', 'Port of the client; of ICMP echo its identifier.'),
  fact('server.address', 'string', 'Address of the server, as text.'),
  fact('server.port', 'int', 'Port of the server; missing for ICMP.'),
  fact('network.transport', 'string', '`tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, or the IP protocol number.'),
  fact('network.type', 'string', '`ipv4` or `ipv6`.'),
  fact('network.protocol.name', 'string', 'Protocol of the calls inside, once it is known: `http`, `redis` …'),
  fact('network.interface.name', 'string', 'Interface it was captured on, or the file it was read from.'),
  fact(
    'deepflow.observation_point',
    'string',
    'Where on the way it was seen, as the receiver is configured: `c`, `s`, `local` …',
  ),
  fact('deepflow.capture.point', 'int', 'Number of the interface or file in the receiver’s list.'),
];

const link: FlowAttribute[] = [
  fact('deepflow.client.mac', 'string', 'MAC address in packets of the client, `02:42:ac:11:00:02`.'),
  fact('deepflow.server.mac', 'string', 'MAC address in packets of the server.'),
  fact('deepflow.vlan.id', 'int', 'VLAN id, the outer one of two.'),
  fact('deepflow.vlan.inner_id', 'int', 'Inner VLAN id of a double tag.'),
  fact('deepflow.mpls.label', 'int', 'MPLS label of the first packet.'),
  fact('deepflow.tunnel.type', 'string', 'Innermost tunnel opened: `vxlan`, `geneve`, `gre` …'),
  fact('deepflow.tunnel.id', 'int', 'VNI, GRE key, ERSPAN session, TEID.'),
  fact('deepflow.tunnel.depth', 'int', 'How many tunnels were opened.'),
  fact('deepflow.tunnel.client.address', 'string', 'Outer address on the client’s side of the tunnel.'),
  fact('deepflow.tunnel.server.address', 'string', 'Outer address on the server’s side of the tunnel.'),
  fact('deepflow.client.real_address', 'string', 'Address of the client behind a proxy or load balancer.'),
  fact('deepflow.client.real_port', 'int', 'Its port.'),
  fact('deepflow.client.real_source', 'string', 'What told it: `toa` or `proxy_protocol`.'),
  fact('deepflow.client.ttl', 'int', 'IP TTL or hop limit of the client’s first packet.'),
  fact('deepflow.server.ttl', 'int', 'IP TTL or hop limit of the server’s first packet.'),
  fact('deepflow.flow.ip_id', 'int', 'IP identification of the first packet; finds the same flow at another point.'),
];

const life: FlowAttribute[] = [
  fact('deepflow.flow.start_time', 'int', 'Unix time of the flow’s first packet.', 'ns'),
  fact('deepflow.flow.end_time', 'int', 'Unix time of the last packet so far.', 'ns'),
  fact('deepflow.flow.duration', 'int', 'From the first packet to the last so far.', 'ns'),
  { key: 'deepflow.flow.interval', type: 'int', kind: 'delta', unit: 'ns', meaning: 'Time this record covers.' },
  fact('deepflow.flow.is_new', 'bool', 'True in the first record of the flow.'),
  fact('deepflow.flow.close_type', 'string', '`periodic` while it goes on, else how it ended (`closeTypes`).'),
  fact('deepflow.flow.status', 'string', '`ok`, `client_error` or `server_error`, by the close type.'),
  fact(
    'deepflow.flow.failure',
    'string',
    '`client_establish`, `server_establish`, `transfer` or missing, by the close type.',
  ),
  fact('deepflow.flow.direction.evidence', 'string', 'What told the client from the server (`directionEvidence`).'),
  fact('deepflow.flow.direction.score', 'int', '0 to 255: how sure that is.'),
];

const tcp: FlowAttribute[] = [
  fact('deepflow.flow.syn.sequence', 'int', 'Sequence number of the first SYN.'),
  fact('deepflow.flow.syn_ack.sequence', 'int', 'Sequence number of the first SYN/ACK.'),
  count('deepflow.flow.syn', '{packet}', 'SYN packets.'),
  count('deepflow.flow.syn_ack', '{packet}', 'SYN/ACK packets.'),
  count('deepflow.flow.syn.retransmissions', '{packet}', 'Repeated SYN packets.'),
  count('deepflow.flow.syn_ack.retransmissions', '{packet}', 'Repeated SYN/ACK packets.'),
];

/** Attributes of what one side sent, below `deepflow.flow.client.` and `deepflow.flow.server.`. */
const sideCounts: readonly (readonly [name: string, unit: string, meaning: string])[] = [
  ['packets', '{packet}', 'Packets sent by the SIDE.'],
  ['bytes', 'By', 'Bytes on the wire sent by the SIDE, link layer included.'],
  ['l3_bytes', 'By', 'Bytes of IP packets sent by the SIDE, headers included.'],
  ['payload_bytes', 'By', 'Bytes of transport payload sent by the SIDE, repeats included.'],
  ['fin', '{packet}', 'FIN packets of the SIDE.'],
  ['rst', '{packet}', 'RST packets of the SIDE.'],
  ['retransmissions', '{packet}', 'Repeated packets of the SIDE: payload seen before, SYN and SYN/ACK repeats.'],
  ['out_of_order', '{packet}', 'Packets of the SIDE whose payload came late: below the highest seen, yet new.'],
  ['zero_window', '{packet}', 'Packets by which the SIDE said that its receive window is full.'],
  ['gap_bytes', 'By', 'Bytes of the SIDE’s stream that its peer got but the capture did not.'],
];

const calls: FlowAttribute[] = [
  count('deepflow.flow.l7.requests', '{call}', 'Requests recognised inside the flow.'),
  count('deepflow.flow.l7.responses', '{call}', 'Responses recognised inside the flow.'),
  count('deepflow.flow.l7.client_errors', '{call}', 'Calls that failed by the client’s fault.'),
  count('deepflow.flow.l7.server_errors', '{call}', 'Calls that failed by the server’s fault.'),
  count('deepflow.flow.l7.timeouts', '{call}', 'Calls that got no answer in time.'),
];

/** What only the kernel at one end knows; of that end's side, which the observation point tells (`c-p` the client, `s-p` the server). */
const kernel: FlowAttribute[] = [
  fact('service.peer.name', 'string', 'Service at the other end, where that is a process of the same host.'),
  fact('deepflow.socket.id', 'string', 'The socket, as its calls name it.'),
  fact('deepflow.flow.tcp.state', 'string', 'State of the connection: `established`, `close_wait` …'),
  fact('deepflow.flow.tcp.smoothed_rtt', 'int', 'Round trip, smoothed as TCP does (RFC 6298).', 'ns'),
  fact('deepflow.flow.tcp.rtt_variance', 'int', 'Mean deviation of the round trip.', 'ns'),
  fact('deepflow.flow.tcp.min_rtt', 'int', 'Shortest round trip of the last minutes.', 'ns'),
  fact('deepflow.flow.tcp.congestion_window', 'int', 'Segments that may be under way.', '{segment}'),
  fact('deepflow.flow.tcp.slow_start_threshold', 'int', 'Window from which on growth is slow.', '{segment}'),
  fact('deepflow.flow.tcp.segment_size', 'int', 'Most payload of a segment.', 'By'),
  count('deepflow.flow.tcp.lost', '{segment}', 'Segments that TCP took for lost.'),
  count('deepflow.flow.tcp.retransmitted_bytes', 'By', 'Payload that was sent again.'),
  fact('deepflow.flow.tcp.connect_duration', 'int', 'From the first SYN until it was open, or had failed.', 'ns'),
  fact('deepflow.flow.tcp.error', 'string', 'Why it failed, as the process was told: `ECONNREFUSED`, `ETIMEDOUT` …'),
  fact('deepflow.flow.reset.by', 'string', 'Who reset it: `client` or `server`.'),
  fact('deepflow.flow.reset.reason', 'string', 'Why the kernel reset it, in its own words: `tcp_abort_on_close` …'),
  count('deepflow.flow.drops', '{packet}', 'Packets of the connection that were dropped inside this host.'),
  fact('deepflow.flow.drop.reasons', 'strings', 'Why, in the kernel’s words: `tcp_old_data`, `netfilter_drop` …'),
  fact('deepflow.flow.drop.counts', 'ints', 'How many for each reason, since the connection began.', '{packet}'),
];

/** All attributes of a flow record, in the order in which they are written. */
export const flowAttributes: readonly FlowAttribute[] = [
  ...identity,
  ...link,
  ...life,
  ...tcp,
  ...(['client', 'server'] as const).flatMap((side) => [
    ...sideCounts.map(([name, unit, meaning]) =>
      count(`deepflow.flow.${side}.${name}`, unit, meaning.replace('SIDE', side)),
    ),
    bits(`deepflow.flow.${side}.tcp_flags`, `TCP flags seen from the ${side}: the bits of the header’s flag byte.`),
  ]),
  ...calls,
  ...flowDelays.flatMap(([delay, meaning]) => delayAttributes(delay, meaning)),
  ...kernel,
];

/** Columns that came with version 3 of the schema. */
export const kernelAttributes: readonly FlowAttribute[] = kernel;

/**
 * A delay as count, sum, extremes and base-2 exponential histogram. The buckets are OTLP's: bucket `offset + i` counts values
 * in (base^index, base^(index+1)] SECONDS, base = 2^(2^-scale), so they go into a metric in seconds unchanged. At most 160
 * buckets. Without `scale` there is no histogram: too many flows had one (more than 131,072).
 */
function delayAttributes(delay: FlowDelay, meaning: string): FlowAttribute[] {
  const key = `deepflow.flow.${delay}`;
  return [
    count(`${key}.count`, '{value}', `${meaning} How often it was measured.`),
    { key: `${key}.sum`, type: 'int', kind: 'delta', unit: 'ns', meaning: 'Sum of it.' },
    { key: `${key}.min`, type: 'int', kind: 'min', unit: 'ns', meaning: 'Smallest.' },
    { key: `${key}.max`, type: 'int', kind: 'max', unit: 'ns', meaning: 'Greatest.' },
    { key: `${key}.scale`, type: 'int', kind: 'histogram', unit: '', meaning: 'Scale of the histogram.' },
    { key: `${key}.offset`, type: 'int', kind: 'histogram', unit: '', meaning: 'Index of the first bucket.' },
    { key: `${key}.buckets`, type: 'ints', kind: 'histogram', unit: '{value}', meaning: 'Counts of the buckets.' },
  ];
}

function fact(key: string, type: FlowAttributeType, meaning: string, unit = ''): FlowAttribute {
  return { key, type, kind: 'fact', unit, meaning };
}

function count(key: string, unit: string, meaning: string): FlowAttribute {
  return { key, type: 'int', kind: 'delta', unit, meaning };
}

function bits(key: string, meaning: string): FlowAttribute {
  return { key, type: 'int', kind: 'or', unit: '', meaning };
}
