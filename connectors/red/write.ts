/** Writes a closed window as OTLP metrics: a resource per service, a metric per name, a point per series that has something. */

import type { ByteDictionary } from '../../pdata/byte-dictionary.ts';
import { BackwardWriter } from '../../pdata/otlp/wire-format.ts';
import {
  intervalAttribute,
  overflowAttribute,
  type RedFamily,
  redIntervals,
  redScopeName,
  intervalSeconds as secondsOfInterval,
} from '../../pdata/schema/red-metrics.ts';
import { maxBuckets } from './histograms.ts';
import { partAt, partLength, serviceParts } from './series-key.ts';
import type { Window } from './window.ts';

/** Who counted: beside the same series of another process or worker, so that a series has one writer. */
export interface Writer {
  version: string;
  instance: string;
}

/** Series of one message. Larger ones cost memory, smaller ones repeat what is said of a service. */
const seriesPerMessage = 500;
const deltaTemporality = 1;

/** The messages of a window; none when nothing happened in it. */
export function writeWindow(
  family: RedFamily,
  window: Window,
  keys: ByteDictionary,
  intervalSeconds: number,
  writer: Writer,
): Uint8Array[] {
  const plan = planOf(family);
  const services = groupByService(window, keys);
  const messages: Uint8Array[] = [];
  let taken: Uint32Array[] = [];
  let series = 0;
  const flush = () => {
    if (series > 0) messages.push(new WindowWriter(plan, family, window, keys, intervalSeconds, writer).message(taken));
    taken = [];
    series = 0;
  };
  for (const places of services) {
    for (let from = 0; from < places.length; from += seriesPerMessage) {
      const some = places.subarray(from, from + seriesPerMessage);
      if (series + some.length > seriesPerMessage) flush();
      taken.push(some);
      series += some.length;
    }
  }
  flush();
  return messages;
}

/** A sum metric with its counters, or a histogram. Everything constant is bytes already. */
interface Plan {
  metric: { name: Buffer; unit: Buffer; description: Buffer };
  sums: { counter: number; variant?: [key: Buffer, value: Buffer] }[];
  histogram: number;
}

const plans = new Map<RedFamily, Plan[]>();

function planOf(family: RedFamily): Plan[] {
  const known = plans.get(family);
  if (known) return known;
  const sums = new Map<string, Plan>();
  for (const [counter, { metric, unit, meaning, variant }] of family.counters.entries()) {
    const plan = sums.get(metric) ?? { metric: bytesOf(metric, unit, meaning), sums: [], histogram: -1 };
    plan.sums.push({ counter, ...(variant && { variant: [Buffer.from(variant[0]), Buffer.from(variant[1])] }) });
    sums.set(metric, plan);
  }
  const made = [
    ...sums.values(),
    ...family.histograms.map(({ metric, meaning }, histogram) => ({
      metric: bytesOf(metric, 's', meaning),
      sums: [],
      histogram,
    })),
  ];
  plans.set(family, made);
  return made;
}

function bytesOf(name: string, unit: string, description: string): Plan['metric'] {
  return { name: Buffer.from(name), unit: Buffer.from(unit), description: Buffer.from(description) };
}

/** Places of the window by service. */
function groupByService(window: Window, keys: ByteDictionary): Uint32Array[] {
  const groups = new Map<string, number[]>();
  for (let place = 0; place < window.size; place++) {
    if (window.isLeftOut[place] === 1) continue;
    const start = keys.starts[window.seriesAt[place]!]!;
    const end = partAt(keys.bytes, start, serviceParts);
    const service = Buffer.prototype.latin1Slice.call(keys.bytes, start + 1, end);
    const group = groups.get(service);
    if (group) group.push(place);
    else groups.set(service, [place]);
  }
  return [...groups.values()].map((places) => Uint32Array.from(places));
}

const text = (value: string) => Buffer.from(value);
const names = {
  service: text('service.name'),
  namespace: text('service.namespace'),
  scope: text(redScopeName),
  instance: text('deepflow.collector.instance'),
  interval: text(intervalAttribute),
  overflow: text(overflowAttribute),
};

/** Protobuf is written from its end to its start, so everything below goes backwards. Field numbers: OTLP metrics.proto. */
class WindowWriter {
  readonly #w = new BackwardWriter(64 * 1024, 0, 0, 0);
  readonly #plan: readonly Plan[];
  readonly #window: Window;
  readonly #keys: ByteDictionary;
  readonly #writer: Writer;
  readonly #dimensions: readonly Buffer[];
  readonly #interval: Buffer;
  readonly #counters: number;
  readonly #histograms: number;
  readonly #start: [lo: number, hi: number];
  readonly #end: [lo: number, hi: number];

  constructor(
    plan: readonly Plan[],
    family: RedFamily,
    window: Window,
    keys: ByteDictionary,
    intervalSeconds: number,
    writer: Writer,
  ) {
    this.#plan = plan;
    this.#window = window;
    this.#keys = keys;
    this.#writer = writer;
    this.#dimensions = family.dimensions.map(({ attribute }) => Buffer.from(attribute));
    this.#interval = text(redIntervals.find((name) => secondsOfInterval[name] === intervalSeconds) ?? '');
    this.#counters = family.counters.length;
    this.#histograms = family.histograms.length;
    this.#start = wordsOf(window.startSeconds);
    this.#end = wordsOf(window.startSeconds + intervalSeconds);
  }

  message(services: readonly Uint32Array[]): Uint8Array {
    const w = this.#w;
    for (const places of services) {
      const mark = w.length;
      this.#scopeMetrics(places);
      this.#resource(places[0]!);
      w.close(0x0a, mark);
    }
    return w.finish();
  }

  #resource(place: number): void {
    const w = this.#w;
    const mark = w.length;
    const { bytes } = this.#keys;
    const start = this.#keys.starts[this.#window.seriesAt[place]!]!;
    const name = partAt(bytes, start, 1);
    this.#attribute(0x0a, names.service, bytes, name + 2, partLength(bytes, name));
    const namespace = partLength(bytes, start + 1);
    if (namespace > 0) this.#attribute(0x0a, names.namespace, bytes, start + 3, namespace);
    w.close(0x0a, mark);
  }

  #scopeMetrics(places: Uint32Array): void {
    const w = this.#w;
    const mark = w.length;
    for (let i = this.#plan.length - 1; i >= 0; i--) {
      const plan = this.#plan[i]!;
      const metric = w.length;
      const hasPoints = plan.histogram < 0 ? this.#sum(plan, places) : this.#exponential(plan.histogram, places);
      if (!hasPoints) continue;
      const { name, unit, description } = plan.metric;
      w.slice(0x1a, unit, 0, unit.length);
      w.slice(0x12, description, 0, description.length);
      w.slice(0x0a, name, 0, name.length);
      w.close(0x12, metric);
    }
    const scope = w.length;
    const instance = text(this.#writer.instance);
    this.#attribute(0x1a, names.instance, instance, 0, instance.length);
    const version = text(this.#writer.version);
    w.slice(0x12, version, 0, version.length);
    w.slice(0x0a, names.scope, 0, names.scope.length);
    w.close(0x0a, scope);
    w.close(0x12, mark);
  }

  #sum(plan: Plan, places: Uint32Array): boolean {
    const w = this.#w;
    const mark = w.length;
    w.uvarint(1);
    w.uvarint(0x18);
    w.uvarint(deltaTemporality);
    w.uvarint(0x10);
    const before = w.length;
    for (const place of places) {
      for (const { counter, variant } of plan.sums) {
        const value = this.#window.counters[place * this.#counters + counter]!;
        if (value === 0) continue;
        const point = w.length;
        if (variant) this.#attribute(0x3a, variant[0], variant[1], 0, variant[1].length);
        this.#attributes(place, 0x3a);
        w.word64(value >>> 0, Math.floor(value / 0x1_0000_0000));
        w.uvarint(0x31);
        this.#times();
        w.close(0x0a, point);
      }
    }
    const hasPoints = w.length > before;
    if (hasPoints) w.close(0x3a, mark);
    else w.at = w.bytes.length - mark;
    return hasPoints;
  }

  #exponential(histogram: number, places: Uint32Array): boolean {
    const w = this.#w;
    const mark = w.length;
    w.uvarint(deltaTemporality);
    w.uvarint(0x10);
    const before = w.length;
    for (const place of places) {
      const h = this.#window.histogramAt[place * this.#histograms + histogram]! - 1;
      if (h < 0) continue;
      const pool = this.#window.histograms;
      const point = w.length;
      this.#double(pool.max[h]!);
      w.uvarint(0x69);
      this.#double(pool.min[h]!);
      w.uvarint(0x61);
      this.#buckets(h);
      this.#fixed64(pool.zeros[h]!);
      w.uvarint(0x39);
      w.uvarint(zigzag(pool.scale[h]!));
      w.uvarint(0x30);
      this.#double(pool.sum[h]!);
      w.uvarint(0x29);
      this.#fixed64(pool.count[h]!);
      w.uvarint(0x21);
      this.#times();
      this.#attributes(place, 0x0a);
      w.close(0x0a, point);
    }
    const hasPoints = w.length > before;
    if (hasPoints) w.close(0x52, mark);
    else w.at = w.bytes.length - mark;
    return hasPoints;
  }

  #buckets(h: number): void {
    const w = this.#w;
    const pool = this.#window.histograms;
    if (pool.length[h] === 0) return;
    const mark = w.length;
    for (let i = pool.length[h]! - 1; i >= 0; i--) w.uvarint(pool.buckets[h * maxBuckets + i]!);
    w.close(0x12, mark);
    w.uvarint(zigzag(pool.offset[h]!));
    w.uvarint(0x08);
    w.close(0x42, mark);
  }

  /** Interval, overflow and the dimensions that are not empty, as fields of that tag. */
  #attributes(place: number, tag: number): void {
    const { bytes, starts } = this.#keys;
    const start = starts[this.#window.seriesAt[place]!]!;
    let p = partAt(bytes, start, serviceParts);
    for (const key of this.#dimensions) {
      const length = partLength(bytes, p);
      if (length > 0) this.#attribute(tag, key, bytes, p + 2, length);
      p += 2 + length;
    }
    if (bytes[start] === 1) this.#overflow(tag);
    this.#attribute(tag, names.interval, this.#interval, 0, this.#interval.length);
  }

  #attribute(tag: number, key: Uint8Array, value: Uint8Array, offset: number, length: number): void {
    const w = this.#w;
    const mark = w.length;
    w.slice(0x0a, value, offset, length);
    w.close(0x12, mark);
    w.slice(0x0a, key, 0, key.length);
    w.close(tag, mark);
  }

  #overflow(tag: number): void {
    const w = this.#w;
    const mark = w.length;
    w.uvarint(1);
    w.uvarint(0x10);
    w.close(0x12, mark);
    w.slice(0x0a, names.overflow, 0, names.overflow.length);
    w.close(tag, mark);
  }

  #times(): void {
    const w = this.#w;
    w.word64(...this.#end);
    w.uvarint(0x19);
    w.word64(...this.#start);
    w.uvarint(0x11);
  }

  #fixed64(value: number): void {
    this.#w.word64(value >>> 0, Math.floor(value / 0x1_0000_0000));
  }

  #double(value: number): void {
    float[0] = value;
    this.#w.word64(words[0]!, words[1]!);
  }
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function wordsOf(seconds: number): [lo: number, hi: number] {
  const ns = BigInt(seconds) * 1_000_000_000n;
  return [Number(ns & 0xffffffffn), Number(ns >> 32n)];
}
