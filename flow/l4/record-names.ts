/** The attributes of a `deepflow.flow` record: which figure of a row becomes which. */
import { flowDelays } from '../../pdata/schema/flow-log.ts';
import { ipProtocols } from '../packet/packet.ts';
import { recordKey } from './record-key.ts';
import {
  bytesDouble,
  finWord,
  flagsWord,
  gapBytesDouble,
  layer3BytesDouble,
  outOfOrderWord,
  packetsWord,
  payloadBytesDouble,
  retransmissionsWord,
  rstWord,
  synAckRepeatWord,
  synAckWord,
  synRepeatWord,
  synWord,
  zeroWindowWord,
} from './row.ts';

export const keys = {
  id: recordKey('deepflow.flow.id'),
  clientAddress: recordKey('client.address'),
  clientPort: recordKey('client.port'),
  serverAddress: recordKey('server.address'),
  serverPort: recordKey('server.port'),
  transport: recordKey('network.transport'),
  networkType: recordKey('network.type'),
  protocol: recordKey('network.protocol.name'),
  interfaceName: recordKey('network.interface.name'),
  observationPoint: recordKey('deepflow.observation_point'),
  point: recordKey('deepflow.capture.point'),
  clientMac: recordKey('deepflow.client.mac'),
  serverMac: recordKey('deepflow.server.mac'),
  vlan: recordKey('deepflow.vlan.id'),
  innerVlan: recordKey('deepflow.vlan.inner_id'),
  mpls: recordKey('deepflow.mpls.label'),
  tunnel: recordKey('deepflow.tunnel.type'),
  tunnelId: recordKey('deepflow.tunnel.id'),
  tunnelDepth: recordKey('deepflow.tunnel.depth'),
  tunnelClient: recordKey('deepflow.tunnel.client.address'),
  tunnelServer: recordKey('deepflow.tunnel.server.address'),
  realAddress: recordKey('deepflow.client.real_address'),
  realPort: recordKey('deepflow.client.real_port'),
  realSource: recordKey('deepflow.client.real_source'),
  clientTtl: recordKey('deepflow.client.ttl'),
  serverTtl: recordKey('deepflow.server.ttl'),
  ipId: recordKey('deepflow.flow.ip_id'),
  start: recordKey('deepflow.flow.start_time'),
  end: recordKey('deepflow.flow.end_time'),
  duration: recordKey('deepflow.flow.duration'),
  interval: recordKey('deepflow.flow.interval'),
  isNew: recordKey('deepflow.flow.is_new'),
  closeType: recordKey('deepflow.flow.close_type'),
  status: recordKey('deepflow.flow.status'),
  failure: recordKey('deepflow.flow.failure'),
  evidence: recordKey('deepflow.flow.direction.evidence'),
  score: recordKey('deepflow.flow.direction.score'),
  synSequence: recordKey('deepflow.flow.syn.sequence'),
  synAckSequence: recordKey('deepflow.flow.syn_ack.sequence'),
  requests: recordKey('deepflow.flow.l7.requests'),
  responses: recordKey('deepflow.flow.l7.responses'),
  clientErrors: recordKey('deepflow.flow.l7.client_errors'),
  serverErrors: recordKey('deepflow.flow.l7.server_errors'),
  timeouts: recordKey('deepflow.flow.l7.timeouts'),
};

/** Counts of the row that become attributes as they are. */
export const flowCounts = [
  [synWord, recordKey('deepflow.flow.syn')],
  [synAckWord, recordKey('deepflow.flow.syn_ack')],
  [synRepeatWord, recordKey('deepflow.flow.syn.retransmissions')],
  [synAckRepeatWord, recordKey('deepflow.flow.syn_ack.retransmissions')],
] as const;

/** What there is of each side: the client's, then the server's. */
export const sides = (['client', 'server'] as const).map((side) => ({
  words: (
    [
      [packetsWord, 'packets'],
      [finWord, 'fin'],
      [rstWord, 'rst'],
      [retransmissionsWord, 'retransmissions'],
      [outOfOrderWord, 'out_of_order'],
      [zeroWindowWord, 'zero_window'],
      [flagsWord, 'tcp_flags'],
    ] as const
  ).map(([word, name]) => [word, recordKey(`deepflow.flow.${side}.${name}`)] as const),
  doubles: (
    [
      [bytesDouble, 'bytes'],
      [layer3BytesDouble, 'l3_bytes'],
      [payloadBytesDouble, 'payload_bytes'],
      [gapBytesDouble, 'gap_bytes'],
    ] as const
  ).map(([double, name]) => [double, recordKey(`deepflow.flow.${side}.${name}`)] as const),
}));

export const delayKeys = flowDelays.map(([delay]) => ({
  count: recordKey(`deepflow.flow.${delay}.count`),
  sum: recordKey(`deepflow.flow.${delay}.sum`),
  min: recordKey(`deepflow.flow.${delay}.min`),
  max: recordKey(`deepflow.flow.${delay}.max`),
  scale: recordKey(`deepflow.flow.${delay}.scale`),
  offset: recordKey(`deepflow.flow.${delay}.offset`),
  buckets: recordKey(`deepflow.flow.${delay}.buckets`),
}));

export const transportNames: Readonly<Record<number, string>> = {
  [ipProtocols.tcp]: 'tcp',
  [ipProtocols.udp]: 'udp',
  [ipProtocols.icmp]: 'icmp',
  [ipProtocols.icmpv6]: 'icmpv6',
  [ipProtocols.sctp]: 'sctp',
};
