/** What the capture thread is started with, and what it counts. */
import type { Config } from './config.ts';

/** Names of the counters, which are those of the collector's own metrics; with their descriptions. */
export const counters = {
  packets: 'Number of packets that were looked at.',
  packet_bytes: 'Number of bytes of these packets, as they were on the wire.',
  kernel_drops: 'Number of packets the kernel had no room for in the ring.',
  ring_freezes: 'Number of times a ring was full.',
  duplicate_packets: 'Number of packets that were seen before and dropped.',
  own_packets: "Number of packets of the collector's own connections, which are left out.",
  dropped_batches: 'Number of batches that were dropped because the pipeline did not take them in time.',
  dropped_bytes: 'Number of bytes of these batches.',
  files_read: 'Number of capture files read to their end.',
  files_damaged: 'Number of capture files that could not be read, or only in part.',
  evicted_flows: 'Number of flows closed before their time because the flow table was full.',
  dropped_flow_records: 'Number of flow records dropped because too many waited.',
  gap_bytes: 'Number of payload bytes that were missing in the streams of calls.',
  unrecognised_connections: 'Number of connections whose protocol was not found.',
  parser_failures: 'Number of connections or calls given up for a mistake in a parser.',
  stored_packets: 'Number of packets kept as pcap on demand.',
} as const;

/** Frames that were not decoded, by reason. */
export const undecodablePackets = {
  undecodable_packets: {
    label: 'reason',
    description: 'Number of packets whose headers could not be read, or hold no IP, by reason.',
  },
} as const;

export type CounterName = keyof typeof counters;

/** What a thread is started with; the configuration as its schema gave it. */
export interface ThreadSetup {
  config: Config;
  id: string;
  version: string;
  hostName: string;
  worker: { index: number; count: number };
}
