/**
 * The stored tables of calls and flows in numbers: `call_metrics_1s`, `call_metrics_1m`, `flow_metrics_1s`, `flow_metrics_1m`.
 *
 * A row is a series in a window, with a plain column for each counter and a histogram's buckets beside each other; columns
 * and meanings come from `pdata/schema/red-metrics.ts`. Sums over rows are exact. `time` is the start of the window. A quantile
 * of any rows, as close as their buckets are narrow:
 *
 *     SELECT server, sumMap(duration_bounds, duration_buckets) AS h,
 *       arrayFirst((bound, n) -> n >= 0.99 * arraySum(h.2), h.1, arrayCumSum(h.2)) AS p99_seconds
 *     FROM otel.call_metrics_1m WHERE time > now() - 3600 GROUP BY server
 */
import {
  type RedCounter,
  type RedFamily,
  type RedHistogram,
  type RedInterval,
  redFamilies,
  redIntervals,
} from '../../pdata/schema/red-metrics.ts';
import type { Bytes } from '../native/bytes.ts';
import { writeNumbers } from '../native/numbers.ts';
import { writeLowCardinality, writeLowCardinalityPrefix } from '../native/strings.ts';
import { receivedDate } from './common.ts';
import type { RedRows } from './red-rows.ts';
import { type Column, column, type StoredTable } from './table.ts';

const ttlSeconds: Record<RedInterval, number> = { '1s': 86_400, '1m': 30 * 86_400 };

/** In the order of {@link redFamilies}, each in the order of {@link redIntervals}. */
export const redTables: readonly StoredTable<RedRows>[] = redFamilies.flatMap((family) =>
  redIntervals.map((interval) => redTable(family, interval)),
);

function redTable(family: RedFamily, interval: RedInterval): StoredTable<RedRows> {
  return {
    name: `${family.table}_${interval}`,
    comment: `${family.comment} of ${interval}`,
    engine: 'MergeTree',
    ttlSeconds: ttlSeconds[interval],
    columns: [
      receivedDate,
      column(
        'time',
        'DateTime',
        'Start of the window, UTC',
        (out, { seconds, count }) => writeNumbers(out, Uint32Array.from(seconds), count),
        'Delta(4), ZSTD(1)',
      ),
      text('service_namespace', 'service.namespace of who was observed', 0),
      text('service', 'service.name of who was observed', 1),
      ...family.dimensions.map(({ column: name, meaning }, number) => text(name, meaning, number + 2)),
      column('overflow', 'Bool', 'Stands for all that did not fit the limits of the connector', (out, rows) =>
        writeNumbers(out, Uint8Array.from(rows.overflow), rows.count),
      ),
      ...family.counters.map(counter),
      ...family.histograms.flatMap(histogram),
    ],
    computed: family.histograms.map(({ column: name }) => ({
      name: `${name}_bounds`,
      type: `Array(Float64) ALIAS ${boundsSql(name)}`,
      codec: '',
      comment: `Upper bound of each of ${name}_buckets, s: sumMap(${name}_bounds, ${name}_buckets) merges histograms of any scale`,
    })),
    orderBy: ['toStartOfFiveMinutes(time)', 'server', 'client', 'time'],
    indexes: [],
  };
}

function boundsSql(name: string): string {
  return `arrayMap(i -> exp2((${name}_offset + i) * exp2(-${name}_scale)), arrayEnumerate(${name}_buckets))`;
}

function text(name: string, comment: string, part: number): Column<RedRows> {
  return column(name, 'LowCardinality(String)', comment, (out, { arena, texts, count }) => {
    writeLowCardinalityPrefix(out);
    writeLowCardinality(out, arena, Uint32Array.from(texts[part]!), count);
  });
}

function counter({ column: name, meaning, variant }: RedCounter, number: number): Column<RedRows> {
  const comment = variant === undefined ? meaning : `${meaning} Here: ${variant[1]}.`;
  return column(name, 'UInt64', comment, (out, { counters }) => writeIntegers(out, counters[number]!));
}

function histogram({ column: name, meaning }: RedHistogram, number: number): Column<RedRows>[] {
  const points = (rows: RedRows) => rows.histograms[number]!;
  return [
    column(`${name}_count`, 'UInt64', `${meaning} How often it was measured.`, (out, rows) =>
      writeWords(out, points(rows), rows.points.count),
    ),
    column(`${name}_sum`, 'Float64', 'Sum of it, s', (out, rows) => writeWords(out, points(rows), rows.points.sum)),
    column(`${name}_min`, 'Float64', 'Smallest, s', (out, rows) => writeWords(out, points(rows), rows.points.min)),
    column(`${name}_max`, 'Float64', 'Greatest, s', (out, rows) => writeWords(out, points(rows), rows.points.max)),
    column(`${name}_zeros`, 'UInt64', 'How often it was 0', (out, rows) =>
      writeWords(out, points(rows), rows.points.zeroCount),
    ),
    column(`${name}_scale`, 'Int32', 'Bucket i ends at 2^((offset + i) * 2^-scale) s, i from 1', (out, rows) =>
      writeOf(out, points(rows), rows.points.scale),
    ),
    column(`${name}_offset`, 'Int32', 'Index of the first bucket', (out, rows) =>
      writeOf(out, points(rows), rows.points.positiveOffset),
    ),
    column(`${name}_buckets`, 'Array(UInt64)', 'Measurements in each bucket', (out, rows) =>
      writeBuckets(out, points(rows), rows),
    ),
  ];
}

function writeIntegers(out: Bytes, values: readonly number[]): void {
  const words = new Uint32Array(2 * values.length);
  for (let row = 0; row < values.length; row++) {
    words[2 * row] = values[row]! >>> 0;
    words[2 * row + 1] = Math.floor(values[row]! / 0x1_0000_0000);
  }
  writeNumbers(out, words, words.length);
}

/** For each row the 64-bit number of its point, 0 when it has none. */
function writeWords(out: Bytes, points: readonly number[], numbers: Uint32Array): void {
  const words = new Uint32Array(2 * points.length);
  for (let row = 0; row < points.length; row++) {
    const point = points[row]!;
    if (point < 0) continue;
    words[2 * row] = numbers[2 * point]!;
    words[2 * row + 1] = numbers[2 * point + 1]!;
  }
  writeNumbers(out, words, words.length);
}

function writeOf(out: Bytes, points: readonly number[], numbers: Int32Array): void {
  writeNumbers(
    out,
    Int32Array.from(points, (point) => (point < 0 ? 0 : numbers[point]!)),
    points.length,
  );
}

function writeBuckets(out: Bytes, points: readonly number[], { points: table }: RedRows): void {
  let total = 0;
  for (const point of points) {
    if (point >= 0) total += table.positiveBucketCountsStart[point + 1]! - table.positiveBucketCountsStart[point]!;
    out.uint64(total);
  }
  for (const point of points) {
    if (point < 0) continue;
    const from = 2 * table.positiveBucketCountsStart[point]!;
    const to = 2 * table.positiveBucketCountsStart[point + 1]!;
    writeNumbers(out, table.positiveBucketCounts.subarray(from, to), to - from);
  }
}
