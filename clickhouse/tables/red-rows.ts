/** Puts the data points of connector `red` together again: one row per series and window, whatever metrics it has points of. */
import { ByteDictionary } from '../../pdata/byte-dictionary.ts';
import { AttributeFinder, equals } from '../../pdata/otlp/attribute-finder.ts';
import { type AttributeTable, valueTypes } from '../../pdata/otlp/attributes.ts';
import type { ExponentialPointTable, MetricColumns } from '../../pdata/otlp/metrics.gen.ts';
import { findServices } from '../../pdata/otlp/services.ts';
import { overflowAttribute, type RedFamily, redFamilies, redIntervals } from '../../pdata/schema/red-metrics.ts';
import { signedDouble } from './metric-values.ts';

/** Rows of one table, column by column. */
export interface RedRows {
  count: number;
  receivedDay: number;
  arena: Uint8Array;
  points: ExponentialPointTable;
  /** Start of the window, seconds since 1970. */
  seconds: number[];
  /** Namespace, service and the dimensions: offset and length in the arena of each row. */
  texts: number[][];
  overflow: number[];
  /** Per counter the sum of each row. */
  counters: number[][];
  /** Per histogram the point of each row, -1 none. */
  histograms: number[][];
}

/** What the points of one metric are: a counter each, by its variant, or a histogram. */
interface Meaning {
  family: number;
  counters: { number: number; variant?: Buffer }[];
  histogram: number;
}

const plans = redFamilies.map((family) => ({
  family,
  /** Dimensions first, then the overflow mark, then the attributes that tell counters of one metric apart. */
  finder: new AttributeFinder([
    ...family.dimensions.map(({ attribute }) => attribute),
    overflowAttribute,
    ...variantKeys(family),
  ]),
  variants: variantKeys(family),
}));

const meanings = new Map<string, Meaning>();
for (const [family, { counters, histograms }] of redFamilies.entries()) {
  for (const [number, { metric, variant }] of counters.entries()) {
    const meaning = meanings.get(metric) ?? { family, counters: [], histogram: -1 };
    meaning.counters.push({ number, ...(variant && { variant: Buffer.from(variant[1]) }) });
    meanings.set(metric, meaning);
  }
  for (const [histogram, { metric }] of histograms.entries()) meanings.set(metric, { family, counters: [], histogram });
}

function variantKeys({ counters }: RedFamily): string[] {
  return [...new Set(counters.flatMap(({ variant }) => (variant ? [variant[0]] : [])))];
}

/** Rows of the tables, in the order of `redTables`. */
export function redRows(columns: MetricColumns, receivedDay: number): RedRows[] {
  const builders = redFamilies.flatMap((_, family) =>
    redIntervals.map(() => new RowBuilder(columns, family, receivedDay)),
  );
  const services = findServices(columns);
  const meaningOf = metricMeanings(columns);
  const { numberPoints, exponentialPoints } = columns;

  for (let point = 0; point < numberPoints.rows; point++) {
    const meaning = meaningOf[numberPoints.metric[point]!];
    if (!meaning || meaning.histogram >= 0) continue;
    const builder = builderOf(meaning, numberPoints, point);
    const attributes = columns.numberPointAttributes;
    builder.find(attributes, numberPoints.attributesStart[point]!, numberPoints.attributesStart[point + 1]!);
    const counter = builder.counterOf(meaning.counters, attributes);
    if (counter < 0) continue;
    const row = builder.row(services, numberPoints.metric[point]!, startOf(numberPoints, point), attributes);
    const { value } = numberPoints;
    builder.rows.counters[counter]![row]! += signedDouble(value[2 * point]!, value[2 * point + 1]!);
  }
  for (let point = 0; point < exponentialPoints.rows; point++) {
    const meaning = meaningOf[exponentialPoints.metric[point]!];
    if (!meaning || meaning.histogram < 0) continue;
    const builder = builderOf(meaning, exponentialPoints, point);
    const attributes = columns.exponentialPointAttributes;
    builder.find(attributes, exponentialPoints.attributesStart[point]!, exponentialPoints.attributesStart[point + 1]!);
    const start = startOf(exponentialPoints, point);
    const row = builder.row(services, exponentialPoints.metric[point]!, start, attributes, meaning.histogram);
    builder.rows.histograms[meaning.histogram]![row] = point;
  }
  return builders.map(({ rows }) => rows);

  function builderOf(meaning: Meaning, points: Times, point: number): RowBuilder {
    const end = secondsAt(points.timeUnixNano, point);
    const interval = end - startOf(points, point) < 60 ? 0 : 1;
    return builders[meaning.family * redIntervals.length + interval]!;
  }
}

interface Times {
  startTimeUnixNano: Uint32Array;
  timeUnixNano: Uint32Array;
}

function startOf(points: Times, point: number): number {
  return secondsAt(points.startTimeUnixNano, point);
}

/** Whole seconds of a time that is one; rounding mends what a double loses of nanoseconds. */
function secondsAt(times: Uint32Array, point: number): number {
  return Math.round((times[2 * point + 1]! * 0x1_0000_0000 + times[2 * point]!) / 1e9);
}

function metricMeanings({ arena, metrics }: MetricColumns): (Meaning | undefined)[] {
  return Array.from({ length: metrics.rows }, (_, metric) => {
    const from = metrics.name[2 * metric]!;
    return meanings.get(Buffer.prototype.latin1Slice.call(arena, from, from + metrics.name[2 * metric + 1]!));
  });
}

class RowBuilder {
  readonly rows: RedRows;
  readonly #columns: MetricColumns;
  readonly #finder: AttributeFinder;
  readonly #dimensions: number;
  readonly #keys = new ByteDictionary();
  #key = new Uint8Array(1024);

  constructor(columns: MetricColumns, family: number, receivedDay: number) {
    const { dimensions, counters, histograms } = redFamilies[family]!;
    this.#columns = columns;
    this.#finder = plans[family]!.finder;
    this.#dimensions = dimensions.length;
    this.rows = {
      count: 0,
      receivedDay,
      arena: columns.arena,
      points: columns.exponentialPoints,
      seconds: [],
      texts: [[], [], ...dimensions.map(() => [])],
      overflow: [],
      counters: counters.map(() => []),
      histograms: histograms.map(() => []),
    };
  }

  /** Looks at the attributes of a point; the methods below speak of it. */
  find(attributes: AttributeTable, from: number, to: number): void {
    this.#finder.find(this.#columns.arena, attributes, from, to);
  }

  /** Which of a metric's counters the point belongs to; -1 none. */
  counterOf(counters: Meaning['counters'], attributes: AttributeTable): number {
    for (const { number, variant } of counters) {
      if (variant === undefined) return number;
      for (let i = this.#dimensions + 1; i < this.#finder.rowOf.length; i++) {
        const row = this.#finder.rowOf[i]! - 1;
        if (row < 0 || attributes.type[row] !== valueTypes.string) continue;
        const { value } = attributes;
        if (equals(variant, this.#columns.arena, value[2 * row]!, value[2 * row + 1]!)) return number;
      }
    }
    return -1;
  }

  /** The row of a point's series and window; for a histogram, one that has not got a point of it yet. */
  row(services: Uint32Array, metric: number, seconds: number, attributes: AttributeTable, histogram = -1): number {
    const { arena, metrics, scopes } = this.#columns;
    const at = 4 * scopes.resource[metrics.scope[metric]!]!;
    const texts = [services[at]!, services[at + 1]!, services[at + 2]!, services[at + 3]!];
    for (let i = 0; i < this.#dimensions; i++) {
      const row = this.#finder.rowOf[i]! - 1;
      const isText = row >= 0 && attributes.type[row] === valueTypes.string;
      texts.push(isText ? attributes.value[2 * row]! : 0, isText ? attributes.value[2 * row + 1]! : 0);
    }
    const overflow = this.#finder.rowOf[this.#dimensions] === 0 ? 0 : 1;
    const length = this.#writeKey(arena, texts, seconds, overflow);
    for (;;) {
      const row = this.#keys.add(this.#key, length);
      if (row === this.rows.count) this.#addRow(texts, seconds, overflow);
      if (histogram < 0 || this.rows.histograms[histogram]![row] === -1) return row;
      // Another worker or collector counts the same series: its histogram gets a row of its own.
      this.#key[0]!++;
    }
  }

  #writeKey(arena: Uint8Array, texts: readonly number[], seconds: number, overflow: number): number {
    let size = 6;
    for (let i = 1; i < texts.length; i += 2) size += 4 + texts[i]!;
    if (size > this.#key.length) this.#key = new Uint8Array(2 * size);
    const key = this.#key;
    key[0] = 0;
    key[1] = overflow;
    let p = writeWord(key, 2, seconds);
    for (let i = 0; i < texts.length; i += 2) {
      const length = texts[i + 1]!;
      p = writeWord(key, p, length);
      for (let j = 0; j < length; j++) key[p++] = arena[texts[i]! + j]!;
    }
    return p;
  }

  #addRow(texts: readonly number[], seconds: number, overflow: number): void {
    const { rows } = this;
    rows.count++;
    rows.seconds.push(seconds);
    rows.overflow.push(overflow);
    for (const [part, column] of rows.texts.entries()) column.push(texts[2 * part]!, texts[2 * part + 1]!);
    for (const counter of rows.counters) counter.push(0);
    for (const points of rows.histograms) points.push(-1);
  }
}

function writeWord(bytes: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (8 * i);
  return at + 4;
}
