/** What the capture thread is started with, and what it counts. */
import type { Config } from './config.ts';

/** Names of the counters, which are those of the collector's own metrics; with their descriptions. */
export const counters = {
  events: 'Number of events that the kernel told of.',
  event_bytes: 'Number of payload bytes of these events.',
  lost_events: 'Number of events the kernel had no room for in the ring.',
  faults: 'Number of events whose payload could not be read from the memory of its process.',
  io_uring_requests: 'Number of requests of traced processes through io_uring, whose bytes are not seen.',
  failed_events: 'Number of events left out for a mistake in their record or in reading it.',
  reordered_events: 'Number of events that were told before one that they follow, and waited for it.',
  unordered_events: 'Number of events that waited in vain for one that they follow.',
  unknown_sockets:
    "Number of payloads read from TLS libraries, and of streams of Go's HTTP/2, whose socket is not known.",
  evicted_connections: 'Number of connections given up because too many were open.',
  gap_bytes: 'Number of bytes of calls that were moved and not seen.',
  unrecognised_connections: 'Number of connections whose protocol was not found.',
  parser_failures: 'Number of connections or calls given up for a mistake in a parser.',
  dropped_records: 'Number of connection, file and process records dropped because too many waited.',
  dropped_batches: 'Number of batches that were dropped because the pipeline did not take them in time.',
  dropped_bytes: 'Number of bytes of these batches.',
} as const;

export type CounterName = keyof typeof counters;

/** What a thread is started with; the configuration as its schema gave it. */
export interface ThreadSetup {
  config: Config;
  id: string;
  version: string;
  hostName: string;
  /** How user agents begin with which such a collector sends its data. */
  ownAgents: readonly string[];
  /** The collector's own process. */
  pid: number;
}
