/** Small batches of each signal for tests, made from OTLP JSON. */
import { Batch, type Signal } from '../../pdata/batch.ts';
import { jsonToWire } from '../../pdata/otlp/json.ts';

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
const timeUnixNano = '1700000000000000000';

/** A batch of so many items; `label` is in each, so that batches can be told apart. */
export function sampleBatch<S extends Signal>(signal: S, items = 1, label = 'sample'): Batch<S> {
  const message = JSON.stringify(requests[signal](items, label));
  return Batch.fromWire(signal, jsonToWire(signal, Buffer.from(message)));
}

const many = <T>(items: number, make: (index: number) => T): T[] =>
  Array.from({ length: items }, (_, index) => make(index));

const requests: Record<Signal, (items: number, label: string) => unknown> = {
  traces: (items, label) => {
    const spans = many(items, (index) => ({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: (index + 1).toString(16).padStart(16, '0'),
      name: label,
      kind: 2,
      startTimeUnixNano: timeUnixNano,
      endTimeUnixNano: '1700000000001000000',
      attributes: [{ key: 'http.request.method', value: { stringValue: 'GET' } }],
    }));
    return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'test' }, spans }] }] };
  },
  logs: (items, label) => {
    const logRecords = many(items, () => ({ timeUnixNano, severityText: 'INFO', body: { stringValue: label } }));
    return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'test' }, logRecords }] }] };
  },
  metrics: (items, label) => {
    const dataPoints = many(items, (index) => ({ timeUnixNano, asDouble: index + 0.5 }));
    const metrics = [{ name: label, unit: '1', gauge: { dataPoints } }];
    return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'test' }, metrics }] }] };
  },
  profiles: (items, label) => {
    const samples = many(items, () => ({ stackIndex: 0, values: ['1'] }));
    const profiles = [{ profileId: '5b8efff798038103d269b633813fc60c', samples }];
    return {
      resourceProfiles: [{ resource, scopeProfiles: [{ scope: { name: 'test' }, profiles }] }],
      dictionary: { stringTable: ['', label], stackTable: [{}] },
    };
  },
};
