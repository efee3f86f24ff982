/** The load: fresh OTLP requests over gRPC, every acknowledgement checked. */
import type { ItemKind } from './cases.ts';
import { startChild } from './child.ts';
import type { Options } from './options.ts';
import type { Tally } from './sink.ts';

export interface Load {
  target: string;
  kind: ItemKind;
  perRequest: number;
  items: number;
  gzip: boolean;
  order: Options['order'];
  /** Items a second; left out: as fast as acknowledgements come. */
  rate?: number;
  /** Left out: 4. */
  connections?: number | undefined;
}

export interface LoadReport extends Tally {
  seconds: number;
  /** Requests that were refused as UNAVAILABLE or RESOURCE_EXHAUSTED and sent again. */
  retries: number;
  /** One of the refusals, in the collector's words; empty without retries. */
  retry_reason: string;
  failures: string[];
  ack_ms: { p50: number; p99: number; max: number };
}

/** Sends the load and resolves with what was acknowledged; throws when any request was refused for good. */
export async function generate(program: string, load: Load): Promise<LoadReport> {
  const child = startChild(program, [
    `-target=${load.target}`,
    `-signal=${load.kind}`,
    `-per-request=${load.perRequest}`,
    `-requests=${Math.ceil(load.items / load.perRequest)}`,
    `-connections=${load.connections ?? 4}`,
    `-gzip=${load.gzip}`,
    `-order=${load.order}`,
    `-rate=${load.rate ?? 0}`,
  ]);
  const code = await child.exited;
  if (!child.stdout().startsWith('{')) throw new Error(`the generator ended with ${code}: ${child.stderrTail()}`);
  const report = JSON.parse(child.stdout()) as LoadReport;
  if (report.failures.length > 0)
    throw new Error(`requests were refused for good: ${[...new Set(report.failures)].join('; ')}`);
  return report;
}
