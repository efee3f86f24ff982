/** Counts log records over time by severity. */
import { Params } from '../store/params.ts';
import type { Store } from '../store/store.ts';
import { type LogSearch, logCondition, severities } from './search.ts';

export interface LogHistogram {
  stepMs: number;
  /** Start of each bucket. */
  timesMs: number[];
  /** Records per bucket; `unknown` are those without a severity number. */
  counts: Record<string, number[]>;
}

export async function logHistogram(
  store: Store,
  search: LogSearch,
  buckets: number,
  signal: AbortSignal,
): Promise<LogHistogram> {
  const fromMs = Number(search.range.fromNs / 1_000_000n);
  const toMs = Number(search.range.toNs / 1_000_000n);
  const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / buckets));
  const params = new Params();
  const from = params.add('Int64', String(fromMs));
  const rows = await store.select<{ bucket: number; level: number; records: number }>(
    `SELECT
       toInt32(intDiv(toUnixTimestamp64Milli(time) - ${from}, ${params.add('Int64', String(stepMs))})) AS bucket,
       if(severity_number BETWEEN 1 AND 24, intDiv(severity_number - 1, 4), -1) AS level,
       toFloat64(count()) AS records
     FROM ${store.database}.logs
     WHERE ${logCondition(search, params)}
     GROUP BY bucket, level`,
    params,
    signal,
  );
  const length = Math.ceil((toMs - fromMs) / stepMs);
  const names = Object.keys(severities);
  const counts = Object.fromEntries([...names, 'unknown'].map((name) => [name, new Array<number>(length).fill(0)]));
  for (const row of rows) {
    const line = counts[names[Number(row.level)] ?? 'unknown']!;
    if (row.bucket >= 0 && row.bucket < length) line[row.bucket]! += row.records;
  }
  return { stepMs, timesMs: Array.from({ length }, (_, at) => fromMs + at * stepMs), counts };
}
