/**
 * Ids of metric series: a 64-bit hash of everything that identifies a series, equal on every collector and for ever.
 *
 * Identity: attributes of the resource, its schema; name, version, schema and attributes of the scope; name, unit, kind,
 * temporality and monotonicity of the metric; attributes of the point. Lists of attributes are sets: their order does not
 * matter. Descriptions, dropped counts and the metric's metadata describe and do not identify. At ten million series
 * the chance of one pair sharing an id is three in a million; `metric_name` is compared beside the id.
 */
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import { valueTypes } from '../../pdata/otlp/attributes.ts';
import type { MetricColumns } from '../../pdata/otlp/metrics.gen.ts';

/** The two halves of the hash at work; every function below continues or finishes it. */
let h1 = 0;
let h2 = 0;

/** Per metric: low and high word of the hash of what its points have in common. */
export function metricHashes(columns: MetricColumns): Uint32Array {
  const { arena, resources, scopes, metrics } = columns;
  const ofResource = new Uint32Array(2 * resources.rows);
  for (let row = 0; row < resources.rows; row++) {
    begin();
    addBytes(arena, resources.schemaUrl[2 * row]!, resources.schemaUrl[2 * row + 1]!);
    addAttributes(
      arena,
      columns.resourceAttributes,
      resources.attributesStart[row]!,
      resources.attributesStart[row + 1]!,
    );
    finish(ofResource, row);
  }
  const ofScope = new Uint32Array(2 * scopes.rows);
  for (let row = 0; row < scopes.rows; row++) {
    beginWith(ofResource, scopes.resource[row]!);
    addBytes(arena, scopes.name[2 * row]!, scopes.name[2 * row + 1]!);
    addBytes(arena, scopes.version[2 * row]!, scopes.version[2 * row + 1]!);
    addBytes(arena, scopes.schemaUrl[2 * row]!, scopes.schemaUrl[2 * row + 1]!);
    addAttributes(arena, columns.scopeAttributes, scopes.attributesStart[row]!, scopes.attributesStart[row + 1]!);
    finish(ofScope, row);
  }
  const ofMetric = new Uint32Array(2 * metrics.rows);
  for (let row = 0; row < metrics.rows; row++) {
    beginWith(ofScope, metrics.scope[row]!);
    addBytes(arena, metrics.name[2 * row]!, metrics.name[2 * row + 1]!);
    addBytes(arena, metrics.unit[2 * row]!, metrics.unit[2 * row + 1]!);
    addWord(metrics.dataCase[row]!);
    addWord(metrics.aggregationTemporality[row]!);
    addWord(metrics.isMonotonic[row]!);
    finish(ofMetric, row);
  }
  return ofMetric;
}

/** Per point: the id of its series, low and high word. */
export function seriesIds(
  arena: Uint8Array,
  metricHash: Uint32Array,
  metricOf: Uint32Array,
  attributes: AttributeTable,
  start: Uint32Array,
  points: number,
): Uint32Array {
  const ids = new Uint32Array(2 * points);
  for (let row = 0; row < points; row++) {
    beginWith(metricHash, metricOf[row]!);
    addAttributes(arena, attributes, start[row]!, start[row + 1]!);
    finish(ids, row);
  }
  return ids;
}

function begin(): void {
  h1 = 0x6a09e667;
  h2 = 0x3c6ef372;
}

function beginWith(hashes: Uint32Array, row: number): void {
  begin();
  addWord(hashes[2 * row]!);
  addWord(hashes[2 * row + 1]!);
}

function addWord(word: number): void {
  h1 = Math.imul(h1 ^ word, 0x9e3779b1);
  h1 ^= h1 >>> 15;
  h2 = Math.imul((h2 << 13) | (h2 >>> 19), 0x85ebca6b) + word;
  h2 = Math.imul(h2 ^ (h2 >>> 16), 0xc2b2ae35);
}

/** Length and bytes, so that neighbours cannot be mistaken for each other. */
function addBytes(b: Uint8Array, offset: number, length: number): void {
  addWord(length);
  const end = offset + length;
  let i = offset;
  for (; i + 4 <= end; i += 4) addWord(b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24));
  if (i === end) return;
  let word = 0;
  for (let shift = 0; i < end; i++, shift += 8) word |= b[i]! << shift;
  addWord(word);
}

/** The sum of the hashes of the entries: the same for every order of them. */
function addAttributes(arena: Uint8Array, table: AttributeTable, from: number, to: number): void {
  if (from === to) return;
  const before1 = h1;
  const before2 = h2;
  let sum1 = 0;
  let sum2 = 0;
  for (let i = from; i < to; i++) {
    begin();
    addBytes(arena, table.key[2 * i]!, table.key[2 * i + 1]!);
    const type = table.type[i]!;
    addWord(type);
    const lo = table.value[2 * i]!;
    const hi = table.value[2 * i + 1]!;
    switch (type) {
      case valueTypes.string:
      case valueTypes.bytes:
      case valueTypes.array:
      case valueTypes.kvlist:
        addBytes(arena, lo, hi);
        break;
      default:
        addWord(lo);
        addWord(hi);
    }
    mix();
    sum1 = (sum1 + h1) | 0;
    sum2 = (sum2 + h2) | 0;
  }
  h1 = before1;
  h2 = before2;
  addWord(to - from);
  addWord(sum1);
  addWord(sum2);
}

function finish(hashes: Uint32Array, row: number): void {
  mix();
  hashes[2 * row] = h1;
  hashes[2 * row + 1] = h2;
}

/** Every bit of the state reaches every bit of the result. */
function mix(): void {
  h1 = Math.imul(h1 ^ (h1 >>> 16), 0x85ebca6b) ^ h2;
  h2 = Math.imul(h2 ^ (h2 >>> 13), 0xc2b2ae35) + h1;
  h1 = Math.imul(h1 ^ (h1 >>> 15), 0x2c1b3c6d) + h2;
  h2 = Math.imul(h2 ^ (h2 >>> 16), 0x297a2d39) ^ h1;
  h1 ^= h1 >>> 16;
  h2 ^= h2 >>> 15;
}
