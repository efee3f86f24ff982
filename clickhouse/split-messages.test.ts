import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Signal } from '../pdata/batch.ts';
import { codecs } from '../pdata/otlp/codecs.ts';
import { jsonToWire, wireToJson } from '../pdata/otlp/json.ts';
import { type Mark, splitMessage } from './split-messages.ts';

const flows: Mark = { text: Buffer.from('deepflow.flow'), depth: 3, path: [12] };
const red: Mark = { text: Buffer.from('otelcol-deepflow/red'), depth: 2, path: [1, 1] };

const wire = (signal: Signal, request: unknown) => jsonToWire(signal, Buffer.from(JSON.stringify(request)));
const json = (signal: Signal, message: Uint8Array) => {
  codecs[signal].check(message);
  return JSON.parse(Buffer.from(wireToJson(signal, message)).toString());
};

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'x'.repeat(300) } }] };
const record = (eventName: string, text: string) => ({ timeUnixNano: '5', body: { stringValue: text }, eventName });
const logs = (...logRecords: unknown[]) => ({ resource, scopeLogs: [{ scope: { name: 'scope' }, logRecords }] });

test('log records are taken apart one by one, each part with its resource and scope', () => {
  const a = record('deepflow.flow', 'a'.repeat(200));
  const b = record('', 'speaks of deepflow.flow');
  const c = record('deepflow.flow', '');
  const message = wire('logs', { resourceLogs: [logs(a, b), logs(b), logs(c)] });
  const { chosen, rest } = splitMessage(message, flows);
  const expected = (...groups: unknown[]) => json('logs', wire('logs', { resourceLogs: groups }));
  assert.deepEqual(json('logs', chosen!), expected(logs(a), logs(c)));
  assert.deepEqual(json('logs', rest!), expected(logs(b), logs(b)));
});

test('a message that is all of one kind is not copied', () => {
  const all = wire('logs', { resourceLogs: [logs(record('deepflow.flow', 'a'))] });
  const none = wire('logs', { resourceLogs: [logs(record('other', 'deepflow.flow'))] });
  assert.equal(splitMessage(all, flows).chosen!.buffer, all.buffer);
  assert.equal(splitMessage(all, flows).rest, null);
  assert.equal(splitMessage(none, flows).rest!.buffer, none.buffer);
  assert.equal(splitMessage(none, flows).chosen, null);
});

test('metrics are taken apart by the name of their scope', () => {
  const metrics = [{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: '5', asInt: '1' }] } }];
  const scope = (name: string) => ({ scope: { name, version: '1' }, metrics });
  const request = (...scopeMetrics: unknown[]) => ({ resourceMetrics: [{ resource, scopeMetrics }] });
  const message = wire('metrics', request(scope('otelcol-deepflow/red'), scope('otelcol-deepflow/red2'), scope('')));
  const { chosen, rest } = splitMessage(message, red);
  assert.deepEqual(json('metrics', chosen!), json('metrics', wire('metrics', request(scope('otelcol-deepflow/red')))));
  assert.deepEqual(
    json('metrics', rest!),
    json('metrics', wire('metrics', request(scope('otelcol-deepflow/red2'), scope('')))),
  );
});
