/** The registry of the collector's own metrics, one per thread; snapshots of several threads can be joined. */
import type { Counter, Histogram, Labels, Meter } from '../../component/telemetry.ts';

/** One instrument's state, fit for sending between threads. */
export type Sample =
  | { kind: 'counter' | 'gauge'; name: string; description: string; labels: Labels; value: number }
  | {
      kind: 'histogram';
      name: string;
      description: string;
      labels: Labels;
      boundaries: readonly number[];
      /** One more than there are boundaries; not cumulative. */
      counts: number[];
      sum: number;
    };

export interface MetricRegistry extends Meter {
  snapshot(): Sample[];
}

class CounterCell implements Counter {
  value = 0;
  add(value: number): void {
    this.value += value;
  }
}

class HistogramCell implements Histogram {
  readonly boundaries: readonly number[];
  readonly counts: number[];
  sum = 0;

  constructor(boundaries: readonly number[]) {
    this.boundaries = boundaries;
    this.counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  record(value: number): void {
    let bucket = 0;
    while (bucket < this.boundaries.length && value > this.boundaries[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
  }
}

export function createMetricRegistry(): MetricRegistry {
  const counters = new Map<string, CounterCell>();
  const histograms = new Map<string, HistogramCell>();
  const readers: (() => Sample)[] = [];

  return {
    counter(name, description, labels = {}) {
      const key = keyOf(name, labels);
      let cell = counters.get(key);
      if (!cell) {
        const made = new CounterCell();
        counters.set(key, made);
        readers.push(() => ({ kind: 'counter', name, description, labels, value: made.value }));
        cell = made;
      }
      return cell;
    },
    histogram(name, description, boundaries, labels = {}) {
      const key = keyOf(name, labels);
      let cell = histograms.get(key);
      if (!cell) {
        const made = new HistogramCell(boundaries);
        histograms.set(key, made);
        readers.push(() => ({
          kind: 'histogram',
          name,
          description,
          labels,
          boundaries,
          counts: [...made.counts],
          sum: made.sum,
        }));
        cell = made;
      }
      return cell;
    },
    gauge(name, description, read, labels = {}) {
      readers.push(() => ({ kind: 'gauge', name, description, labels, value: read() }));
    },
    snapshot: () => joinSamples(readers.map((read) => read())),
  };
}

/** Adds up the samples of one name and label set, in order of first appearance. */
export function joinSamples(samples: Iterable<Sample>): Sample[] {
  const joined = new Map<string, Sample>();
  for (const sample of samples) {
    const key = keyOf(sample.name, sample.labels);
    const before = joined.get(key);
    joined.set(key, before ? add(before, sample) : sample);
  }
  return [...joined.values()];
}

function add(a: Sample, b: Sample): Sample {
  if (a.kind !== 'histogram' && b.kind !== 'histogram') return { ...a, value: a.value + b.value };
  if (a.kind !== 'histogram' || b.kind !== 'histogram') throw new Error(`metric ${a.name} is of two kinds`);
  return { ...a, counts: a.counts.map((count, bucket) => count + b.counts[bucket]!), sum: a.sum + b.sum };
}

function keyOf(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}\0${pairs.map(([key, value]) => `${key}\0${value}`).join('\0')}`;
}
