/** Gives each series a number, and keeps their number bounded: what does not fit becomes `_OTHER`, and nothing is lost. */
import { ByteDictionary } from '../../pdata/byte-dictionary.ts';
import { otherValue, type RedFamily } from '../../pdata/schema/red-metrics.ts';
import { partAt, partLength, SeriesKey, serviceParts } from './series-key.ts';
import { Sightings } from './sightings.ts';

export interface SeriesLimits {
  /** Series that live at once. */
  maxSeries: number;
  /** Values that each bounded dimension of a service may have at once. */
  maxValues: number;
}

const other = Buffer.from(otherValue);

/** The values of one dimension: pairs of service and value, the services, and how many values each of them has. */
interface BoundedValues {
  part: number;
  pairs: ByteDictionary;
  services: ByteDictionary;
  counts: Uint32Array;
}

export class SeriesTable {
  keys = new ByteDictionary();
  readonly sightings: Sightings;
  /** Events that went into a series with `otel.metric.overflow`. */
  overflowed = 0;
  readonly #family: RedFamily;
  readonly #limits: SeriesLimits;
  readonly #values: readonly BoundedValues[];
  readonly #scratch = new SeriesKey();
  readonly #pair = new SeriesKey();
  readonly #replaced = new SeriesKey();

  constructor(family: RedFamily, limits: SeriesLimits) {
    this.#family = family;
    this.#limits = limits;
    this.sightings = new Sightings(serviceParts + family.dimensions.length);
    this.#values = family.dimensions.flatMap((dimension, index) =>
      dimension.bounded
        ? [
            {
              part: serviceParts + index,
              pairs: new ByteDictionary(),
              services: new ByteDictionary(),
              counts: new Uint32Array(64),
            },
          ]
        : [],
    );
  }

  /** The number of the series of that key; of an overflow series when the limits are reached. */
  seriesOf(key: SeriesKey): number {
    const known = this.keys.find(key.bytes, key.length);
    if (known >= 0) return known;
    const kept = this.#withinValues(key);
    if (this.keys.size >= this.#limits.maxSeries) {
      const found = this.keys.find(kept.bytes, kept.length);
      if (found < 0) return this.#catchAll();
      this.overflowed++;
      return found;
    }
    if (kept !== key) this.overflowed++;
    return this.#add(kept);
  }

  /** Forgets the series that are not `used`; gives the new number of each old one. */
  keepOnly(used: Uint8Array): Uint32Array {
    const before = this.keys;
    const renumbered = new Uint32Array(before.size);
    this.keys = new ByteDictionary();
    this.sightings.clear();
    for (const { pairs, services, counts } of this.#values) {
      pairs.clear();
      services.clear();
      counts.fill(0);
    }
    for (let series = 0; series < before.size; series++) {
      if (used[series] !== 1) continue;
      const start = before.starts[series]!;
      const key = this.#scratch;
      key.length = before.starts[series + 1]! - start;
      key.bytes.set(before.bytes.subarray(start, start + key.length));
      for (const bounded of this.#values) this.#countValue(bounded, key);
      renumbered[series] = this.#add(key);
    }
    return renumbered;
  }

  #add(key: SeriesKey): number {
    const known = this.keys.size;
    const series = this.keys.add(key.bytes, key.length);
    if (series === known) this.sightings.note(series, key.bytes, 0, key.length);
    return series;
  }

  /** The key, or one in which values beyond the limit are `_OTHER`; that has no place, so their number is bounded too. */
  #withinValues(key: SeriesKey): SeriesKey {
    let replaced = 0;
    for (const bounded of this.#values) {
      if (!this.#countValue(bounded, key)) replaced |= 1 << bounded.part;
    }
    if (replaced === 0) return key;
    const to = this.#replaced;
    to.begin();
    to.bytes[0] = 1;
    for (let part = 0, p = 1; part < serviceParts + this.#family.dimensions.length; part++) {
      const length = partLength(key.bytes, p);
      if ((replaced & (1 << part)) !== 0) to.whole(other);
      else to.slice(key.bytes, p + 2, length);
      p += 2 + length;
    }
    to.slice(other, 0, 0);
    return to;
  }

  /** False when the service of the key has as many values of that dimension as it may, and this is one more. */
  #countValue(bounded: BoundedValues, key: SeriesKey): boolean {
    const pair = this.#pair;
    const at = partAt(key.bytes, 0, serviceParts);
    pair.length = at;
    pair.bytes.set(key.bytes.subarray(0, at));
    pair.bytes[0] = 0;
    const p = partAt(key.bytes, 0, bounded.part);
    const length = partLength(key.bytes, p);
    const isOther = length === other.length && other.equals(key.bytes.subarray(p + 2, p + 2 + length));
    if (length === 0 || isOther) return true;
    pair.slice(key.bytes, p + 2, length);
    if (bounded.pairs.find(pair.bytes, pair.length) >= 0) return true;
    // Pairs of series that were turned away are kept too; their number is bounded here, that of their services with it.
    if (bounded.pairs.size >= 2 * this.#limits.maxSeries) return false;
    const number = bounded.services.add(pair.bytes, at);
    if (number >= bounded.counts.length) {
      const counts = new Uint32Array(2 * number);
      counts.set(bounded.counts);
      bounded.counts = counts;
    }
    if (bounded.counts[number]! >= this.#limits.maxValues) return false;
    bounded.counts[number]!++;
    bounded.pairs.add(pair.bytes, pair.length);
    return true;
  }

  /** The one series for everything when there is no room for another. */
  #catchAll(): number {
    this.overflowed++;
    const key = this.#scratch;
    key.begin();
    key.bytes[0] = 1;
    key.slice(other, 0, 0);
    key.whole(other);
    for (const _ of this.#family.dimensions) key.slice(other, 0, 0);
    key.slice(other, 0, 0);
    return this.#add(key);
  }
}
