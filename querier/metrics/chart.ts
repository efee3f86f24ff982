/** A chart of one metric: lines over time, by the values of an attribute. */
import type { PageFilter } from '../attributes/page-filter.ts';
import { QueryError } from '../errors.ts';
import type { TimeRange } from '../request.ts';
import type { Store } from '../store/store.ts';
import { exponentialLines } from './exponential-lines.ts';
import { histogramLines } from './histogram-lines.ts';
import { medianIntervalMs } from './interval.ts';
import { listMetrics, type Metric } from './list.ts';
import { numberLines } from './number-lines.ts';
import { summaryLines } from './summary-lines.ts';

export interface ChartRequest {
  name: string;
  range: TimeRange;
  /** Attribute of the series or its resource; empty for one line. */
  groupBy: string;
  /** What to draw; empty for what suits the kind of metric. */
  show: string;
  filters: readonly PageFilter[];
  /** Points wanted on a line. */
  points: number;
  maxLines: number;
}

export interface Chart {
  name: string;
  type: Metric['type'];
  unit: string;
  show: string;
  stepMs: number;
  timesMs: number[];
  lines: { label: string; values: (number | null)[] }[];
  /** Lines beyond `maxLines`, which are not drawn. */
  hiddenLines: number;
}

/** What the modules that read the points are given. */
export interface LinesRequest extends ChartRequest {
  metric: Metric;
  /** What to draw, settled. */
  show: string;
  fromMs: number;
  stepMs: number;
  steps: number;
}

/** One point of a line, by the number of its step. */
export interface LinePoint {
  label: string;
  step: number;
  value: number | null;
}

/** What can be drawn of each kind; the first is what suits it best. */
const shows: Readonly<Record<string, readonly string[]>> = {
  gauge: ['avg', 'min', 'max', 'sum'],
  sum: ['sum', 'avg', 'min', 'max'],
  counter: ['rate'],
  histogram: ['quantiles', 'rate', 'avg'],
  exponential_histogram: ['quantiles', 'rate', 'avg'],
  summary: ['quantiles', 'rate', 'avg'],
};

export async function chartMetric(store: Store, request: ChartRequest, signal: AbortSignal): Promise<Chart> {
  const metrics = await listMetrics(store, request.range, signal);
  const metric = metrics.find(({ name }) => name === request.name);
  if (metric === undefined)
    throw new QueryError('NOT_FOUND', `There is no metric "${request.name}" in this time range.`);
  const possible = shows[metric.type === 'sum' && metric.monotonic ? 'counter' : metric.type]!;
  const show = request.show === '' ? possible[0]! : request.show;
  if (!possible.includes(show)) {
    throw new QueryError('BAD_REQUEST', `show is one of ${possible.join(', ')} for ${request.name}`);
  }
  const fromMs = Number(request.range.fromNs / 1_000_000n);
  const toMs = Number(request.range.toNs / 1_000_000n);
  // Steps shorter than the metric's own interval would draw gaps that are none.
  const intervalMs = await medianIntervalMs(store, metric, request.range, signal);
  const stepMs = Math.max(Math.ceil((toMs - fromMs) / request.points), Math.ceil(intervalMs), 1);
  const steps = Math.ceil((toMs - fromMs) / stepMs);
  const points = await readPoints(store, { ...request, metric, show, fromMs, stepMs, steps }, signal);
  return {
    name: metric.name,
    type: metric.type,
    unit: metric.unit,
    show,
    stepMs,
    timesMs: Array.from({ length: steps }, (_, step) => fromMs + step * stepMs),
    ...joinLines(points, steps, request.maxLines),
  };
}

function readPoints(store: Store, request: LinesRequest, signal: AbortSignal): Promise<LinePoint[]> {
  switch (request.metric.type) {
    case 'gauge':
    case 'sum':
      return numberLines(store, request, signal);
    case 'histogram':
      return histogramLines(store, request, signal);
    case 'exponential_histogram':
      return exponentialLines(store, request, signal);
    case 'summary':
      return summaryLines(store, request, signal);
    default:
      throw request.metric.type satisfies never;
  }
}

/** Keeps the lines with the largest values. */
function joinLines(
  points: readonly LinePoint[],
  steps: number,
  maxLines: number,
): Pick<Chart, 'lines' | 'hiddenLines'> {
  const byLabel = new Map<string, (number | null)[]>();
  for (const { label, step, value } of points) {
    if (step < 0 || step >= steps) continue;
    let values = byLabel.get(label);
    if (values === undefined) {
      values = new Array<number | null>(steps).fill(null);
      byLabel.set(label, values);
    }
    values[step] = value;
  }
  const weight = (values: readonly (number | null)[]) =>
    values.reduce<number>((sum, value) => sum + Math.abs(value ?? 0), 0);
  const lines = [...byLabel]
    .map(([label, values]) => ({ label, values }))
    .sort((a, b) => weight(b.values) - weight(a.values));
  return { lines: lines.slice(0, maxLines), hiddenLines: Math.max(0, lines.length - maxLines) };
}
