/** The next hop: counts what the collector under test delivers, over OTLP and as ClickHouse inserts. */
import type { ItemKind } from './cases.ts';
import { startChild } from './child.ts';
import { waitFor } from './wait.ts';

export interface Tally {
  requests: number;
  items: number;
  bytes: number;
  /** Sum modulo 2^64 over all items of what tells them apart: equal sums mean nothing lost, doubled or changed. */
  checksum: string;
}

export interface SinkCounts {
  otlp: Partial<Record<ItemKind, Tally>>;
  /** Inserted rows by table, `database.table`. */
  rows: Record<string, number>;
  inserts: number;
  insert_bytes: number;
  /** Inserts whose client gave up before the whole body had come. */
  aborted: number;
  errors: string[];
}

export interface Sink {
  otlp: string;
  clickhouse: string;
  counts(): Promise<SinkCounts>;
  stop(): Promise<void>;
}

export async function startSink(program: string): Promise<Sink> {
  const child = startChild(program, []);
  const line = await waitFor(
    () => (child.stdout().includes('\n') ? child.stdout() : undefined),
    () => `the sink did not start: ${child.stderrTail()}`,
    10_000,
    10,
  );
  const addresses = JSON.parse(line) as { otlp: string; clickhouse: string; control: string };
  return {
    otlp: addresses.otlp,
    clickhouse: `http://${addresses.clickhouse}`,
    async counts() {
      const response = await fetch(`http://${addresses.control}/tally`);
      return (await response.json()) as SinkCounts;
    },
    stop: () => child.stop(),
  };
}
