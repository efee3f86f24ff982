/** Counts `deepflow.flow` records as traffic between a client and a server, in the last window that each record's interval reaches into. */
import type { Batch } from '../../pdata/batch.ts';
import { ColumnMemory } from '../../pdata/column-memory.ts';
import {
  AttributeFinder,
  equals,
  intOf,
  isString,
  stringLength,
  stringOffset,
} from '../../pdata/otlp/attribute-finder.ts';
import type { AttributeTable } from '../../pdata/otlp/attributes.ts';
import { valueTypes } from '../../pdata/otlp/attributes.ts';
import type { LogColumns } from '../../pdata/otlp/logs.gen.ts';
import { findServices } from '../../pdata/otlp/services.ts';
import { cursor, readVarint } from '../../pdata/otlp/wire-format.ts';
import { flowDelays, flowEventName } from '../../pdata/schema/flow-log.ts';
import { counterOf, flowMetrics } from '../../pdata/schema/red-metrics.ts';
import type { Accounting } from './accounting.ts';
import { SeriesKey } from './series-key.ts';
import { isProcessPoint } from './sightings.ts';
import { lastSecondBefore } from './time.ts';
import type { Window } from './window.ts';

const eventName = Buffer.from(flowEventName);
const identity = [
  'client.address',
  'server.address',
  'server.port',
  'network.transport',
  'network.protocol.name',
  'deepflow.observation_point',
  'network.interface.name',
  'deepflow.flow.is_new',
  'service.peer.name',
] as const;

/** Counters that add up an attribute of the record. */
const sums = flowMetrics.counters.flatMap(({ metric, variant }, counter) => {
  if (variant?.[0] === 'deepflow.flow.sender') {
    return [{ counter, key: metric.replace('deepflow.flow.', `deepflow.flow.${variant[1]}.`) }];
  }
  const isSum = variant === undefined && !['deepflow.flow.records', 'deepflow.flow.opened'].includes(metric);
  return isSum ? [{ counter, key: metric }] : [];
});
/** Counters of records in which an attribute has a certain value. */
const marks = flowMetrics.counters.flatMap(({ metric, variant }, counter) =>
  variant !== undefined && ['deepflow.flow.closed', 'deepflow.flow.failures'].includes(metric)
    ? [{ counter, key: variant[0], value: Buffer.from(variant[1]) }]
    : [],
);
const delayParts = ['count', 'sum', 'min', 'max', 'scale', 'offset', 'buckets'] as const;
const keys = [
  ...identity,
  ...sums.map(({ key }) => key),
  ...new Set(marks.map(({ key }) => key)),
  ...flowDelays.flatMap(([delay]) => delayParts.map((part) => `deepflow.flow.${delay}.${part}`)),
];
const numberOf = new Map(keys.map((key, number) => [key, number]));
const sumKeys = Uint32Array.from(sums, ({ key }) => numberOf.get(key)!);
const markKeys = Uint32Array.from(marks, ({ key }) => numberOf.get(key)!);
const firstDelayKey = keys.length - delayParts.length * flowDelays.length;
const [clientAddress, serverAddress, serverPort, transport, protocol, point, interfaceName, isNew, peerName] =
  identity.map((_, number) => number) as [number, number, number, number, number, number, number, number, number];
const clientProcess = Buffer.from('c-p');
const recordsCounter = counterOf(flowMetrics, 'records');
const openedCounter = counterOf(flowMetrics, 'opened');

/** Gives a function that counts a batch; it keeps nothing of the batch. */
export function createFlowCounter(accounting: Accounting): (batch: Batch<'logs'>) => void {
  const finder = new AttributeFinder(keys);
  const key = new SeriesKey();
  const memory = new ColumnMemory<'logs'>();
  const { rowOf } = finder;

  return (batch) => {
    const columns = memory.columnsOf(batch);
    const { arena, logRecords } = columns;
    const services = findServices(columns);
    for (let row = 0; row < logRecords.rows; row++) {
      const name = 2 * row;
      if (equals(eventName, arena, logRecords.eventName[name]!, logRecords.eventName[name + 1]!)) {
        count(columns, services, row);
      } else accounting.ignored++;
    }
  };

  function count(columns: LogColumns, services: Uint32Array, row: number): void {
    const { arena, logRecords, logRecordAttributes: table } = columns;
    finder.find(arena, table, logRecords.attributesStart[row]!, logRecords.attributesStart[row + 1]!);
    writeKey(columns, services, row);
    const series = accounting.series.seriesOf(key);
    const own = logRecords.timeUnixNano;
    const observed = logRecords.observedTimeUnixNano;
    const time = own[2 * row] === 0 && own[2 * row + 1] === 0 ? observed : own;
    for (const timeline of accounting.timelinesAt(lastSecondBefore(time[2 * row]!, time[2 * row + 1]!))) {
      const window = timeline.windowFor(accounting.seconds);
      const place = window.placeOf(series);
      window.add(place, recordsCounter, 1);
      if (isTrue(table, rowOf[isNew]!)) window.add(place, openedCounter, 1);
      for (let i = 0; i < sumKeys.length; i++) {
        const value = intOf(table, rowOf[sumKeys[i]!]!, 0);
        if (value > 0) window.add(place, sums[i]!.counter, value);
      }
      for (let i = 0; i < markKeys.length; i++) {
        if (isString(arena, table, rowOf[markKeys[i]!]!, marks[i]!.value)) window.add(place, marks[i]!.counter, 1);
      }
      for (let delay = 0; delay < flowDelays.length; delay++) addDelay(arena, table, window, place, delay);
    }
    accounting.counted++;
  }

  /**
   * Parts in the order of {@link flowMetrics}'s dimensions, behind the service's: the server, unless the resource names one.
   * A process's record names it by its resource, and its peer where that is a process of the same host.
   */
  function writeKey(columns: LogColumns, services: Uint32Array, row: number): void {
    const { arena, logRecords, logRecordAttributes: table } = columns;
    const at = 4 * columns.scopes.resource[logRecords.scope[row]!]!;
    key.begin();
    key.slice(arena, services[at]!, services[at + 1]!);
    if (services[at + 3]! > 0) key.slice(arena, services[at + 2]!, services[at + 3]!);
    else writeServer(arena, table);
    writePart(arena, table, transport);
    writePart(arena, table, protocol);
    const isProcess = isProcessPoint(arena, table, rowOf[point]!);
    const atClient = isProcess && isString(arena, table, rowOf[point]!, clientProcess);
    const hasName = isProcess && services[at + 3]! > 0;
    const hasPeerName = isProcess && stringLength(table, rowOf[peerName]!) > 0;
    const writeName = () => key.slice(arena, services[at + 2]!, services[at + 3]!);
    if (atClient && hasName) writeName();
    else writePart(arena, table, hasPeerName && !atClient ? peerName : clientAddress);
    if (hasName && !atClient) writeName();
    else if (hasPeerName && atClient) writePart(arena, table, peerName);
    else writeServer(arena, table);
    writePart(arena, table, point);
    writePart(arena, table, interfaceName);
    const length = stringLength(table, rowOf[serverAddress]!);
    const port = intOf(table, rowOf[serverPort]!, 0);
    key.place(isProcess, arena, length === 0 ? 0 : stringOffset(table, rowOf[serverAddress]!), length, port);
    writeTransport(arena, table);
  }

  function writeTransport(arena: Uint8Array, table: AttributeTable): void {
    const length = stringLength(table, rowOf[transport]!);
    if (length > 0) key.extend(arena, stringOffset(table, rowOf[transport]!), length);
  }

  function writePart(arena: Uint8Array, table: AttributeTable, number: number): void {
    const length = stringLength(table, rowOf[number]!);
    key.slice(arena, length === 0 ? 0 : stringOffset(table, rowOf[number]!), length);
  }

  function writeServer(arena: Uint8Array, table: AttributeTable): void {
    const length = stringLength(table, rowOf[serverAddress]!);
    const port = length === 0 ? 0 : intOf(table, rowOf[serverPort]!, 0);
    key.endpoint(arena, length === 0 ? 0 : stringOffset(table, rowOf[serverAddress]!), length, port);
  }

  /** Merges a delay of the record: totals in ns, buckets in seconds. What is in no bucket was 0. */
  function addDelay(arena: Uint8Array, table: AttributeTable, window: Window, place: number, delay: number): void {
    const first = firstDelayKey + delayParts.length * delay;
    const part = (index: number) => intOf(table, rowOf[first + index]!, 0);
    const total = part(0);
    if (total <= 0) return;
    const histogram = window.histogram(place, delay);
    const scale = Math.max(-10, Math.min(20, part(4)));
    let index = Math.max(-0x4000_0000, Math.min(0x4000_0000, part(5)));
    let inBuckets = 0;
    const row = rowOf[first + 6]!;
    if (row !== 0 && table.type[row - 1] === valueTypes.array) {
      let p = table.value[2 * row - 2]!;
      const end = p + table.value[2 * row - 1]!;
      // ArrayValue: values = 1, each an AnyValue with int_value = 3. A bucket of 0 may be an empty value.
      while (p < end && arena[p] === 0x0a) {
        const length = readVarint(arena, p + 1);
        p = cursor.at + length;
        if (length > 1 && arena[cursor.at] === 0x18) {
          const value = readVarint(arena, cursor.at + 1) >>> 0;
          if (value > 0) window.histograms.addBucket(histogram, scale, index, value);
          inBuckets += value;
        }
        index++;
      }
    }
    const zeros = Math.max(0, total - inBuckets);
    window.histograms.addTotals(histogram, inBuckets + zeros, zeros, part(1) / 1e9, part(2) / 1e9, part(3) / 1e9);
  }
}

function isTrue(table: AttributeTable, row: number): boolean {
  return row !== 0 && table.type[row - 1] === valueTypes.bool && table.value[2 * row - 2] === 1;
}
