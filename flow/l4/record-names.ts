/** The attributes of a `deepflow.flow` record: which figure of a row becomes which. */
import { flowAttributes, flowDelays } from '../../pdata/schema/flow-log.ts';
import { type AttributeKey, attributeKey } from '../otlp/attribute-writer.ts';
import { ipProtocols } from '../packet/packet.ts';
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

const known = new Set(flowAttributes.map(({ key }) => key));

/** The key of an attribute that the table has. */
function key(name: string): AttributeKey {
  if (!known.has(name)) throw new Error(`flow record: ${name} is not in pdata/schema/flow-log.ts; add it there`);
  return attributeKey(name);
}

export const keys = {
  id: key('deepflow.flow.id'),
  clientAddress: key('client.address'),
  clientPort: key('client.port'),
  serverAddress: key('server.address'),
  serverPort: key('server.port'),
  transport: key('network.transport'),
  networkType: key('network.type'),
  protocol: key('network.protocol.name'),
  interfaceName: key('network.interface.name'),
  observationPoint: key('deepflow.observation_point'),
  point: key('deepflow.capture.point'),
  clientMac: key('deepflow.client.mac'),
  serverMac: key('deepflow.server.mac'),
  vlan: key('deepflow.vlan.id'),
  innerVlan: key('deepflow.vlan.inner_id'),
  mpls: key('deepflow.mpls.label'),
  tunnel: key('deepflow.tunnel.type'),
  tunnelId: key('deepflow.tunnel.id'),
  tunnelDepth: key('deepflow.tunnel.depth'),
  tunnelClient: key('deepflow.tunnel.client.address'),
  tunnelServer: key('deepflow.tunnel.server.address'),
  realAddress: key('deepflow.client.real_address'),
  realPort: key('deepflow.client.real_port'),
  realSource: key('deepflow.client.real_source'),
  clientTtl: key('deepflow.client.ttl'),
  serverTtl: key('deepflow.server.ttl'),
  ipId: key('deepflow.flow.ip_id'),
  start: key('deepflow.flow.start_time'),
  end: key('deepflow.flow.end_time'),
  duration: key('deepflow.flow.duration'),
  interval: key('deepflow.flow.interval'),
  isNew: key('deepflow.flow.is_new'),
  closeType: key('deepflow.flow.close_type'),
  status: key('deepflow.flow.status'),
  failure: key('deepflow.flow.failure'),
  evidence: key('deepflow.flow.direction.evidence'),
  score: key('deepflow.flow.direction.score'),
  synSequence: key('deepflow.flow.syn.sequence'),
  synAckSequence: key('deepflow.flow.syn_ack.sequence'),
  requests: key('deepflow.flow.l7.requests'),
  responses: key('deepflow.flow.l7.responses'),
  clientErrors: key('deepflow.flow.l7.client_errors'),
  serverErrors: key('deepflow.flow.l7.server_errors'),
  timeouts: key('deepflow.flow.l7.timeouts'),
};

/** Counts of the row that become attributes as they are. */
export const flowCounts = [
  [synWord, key('deepflow.flow.syn')],
  [synAckWord, key('deepflow.flow.syn_ack')],
  [synRepeatWord, key('deepflow.flow.syn.retransmissions')],
  [synAckRepeatWord, key('deepflow.flow.syn_ack.retransmissions')],
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
  ).map(([word, name]) => [word, key(`deepflow.flow.${side}.${name}`)] as const),
  doubles: (
    [
      [bytesDouble, 'bytes'],
      [layer3BytesDouble, 'l3_bytes'],
      [payloadBytesDouble, 'payload_bytes'],
      [gapBytesDouble, 'gap_bytes'],
    ] as const
  ).map(([double, name]) => [double, key(`deepflow.flow.${side}.${name}`)] as const),
}));

export const delayKeys = flowDelays.map(([delay]) => ({
  count: key(`deepflow.flow.${delay}.count`),
  sum: key(`deepflow.flow.${delay}.sum`),
  min: key(`deepflow.flow.${delay}.min`),
  max: key(`deepflow.flow.${delay}.max`),
  scale: key(`deepflow.flow.${delay}.scale`),
  offset: key(`deepflow.flow.${delay}.offset`),
  buckets: key(`deepflow.flow.${delay}.buckets`),
}));

export const transportNames: Readonly<Record<number, string>> = {
  [ipProtocols.tcp]: 'tcp',
  [ipProtocols.udp]: 'udp',
  [ipProtocols.icmp]: 'icmp',
  [ipProtocols.icmpv6]: 'icmpv6',
  [ipProtocols.sctp]: 'sctp',
};
