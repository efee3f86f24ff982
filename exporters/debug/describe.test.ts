import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleBatch } from '../../component/testing/batches.ts';
import type { Signal } from '../../pdata/batch.ts';
import { describeBatch } from './describe.ts';
import { createSampler } from './sampler.ts';

const now = () => new Date('2026-01-02T03:04:05.678Z');

test('basic is one line that looks like a log line', () => {
  const text = describeBatch(sampleBatch('traces', 2), 'basic', 'debug/2', now);
  assert.match(
    text,
    /^2026-01-02T03:04:05\.678Z\tinfo\tTraces\t\{"otelcol\.component\.id":"debug\/2",.*"spans":2,"bytes":\d+\}\n$/,
  );
});

const lines: [Signal, string][] = [
  ['traces', 'checkout 5b8efff798038103d269b633813fc60c 0000000000000001 http.request.method=GET'],
  ['logs', 'INFO checkout'],
  ['metrics', 'checkout{} 0.5'],
  ['profiles', '5b8efff798038103d269b633813fc60c samples=2'],
];
for (const [signal, expected] of lines) {
  test(`normal has a line for each item of ${signal}`, () => {
    const text = describeBatch(sampleBatch(signal, 2, 'checkout'), 'normal', 'debug', now);
    assert.equal(text.split('\n')[1], expected);
  });
}

test('detailed shows everything', () => {
  const text = describeBatch(sampleBatch('traces', 1, 'checkout'), 'detailed', 'debug', now);
  const json = JSON.parse(text.slice(text.indexOf('\n')));
  assert.equal(json.resourceSpans[0].scopeSpans[0].spans[0].name, 'checkout');
  assert.equal(json.resourceSpans[0].resource.attributes[0].value.stringValue, 'shop');
});

test('prints the first batches of a second and every n-th after them', () => {
  let nowMs = 0;
  const sampled = createSampler(2, 3, () => nowMs);
  const printed = () => Array.from({ length: 8 }, () => (sampled() ? 'x' : '.')).join('');
  assert.equal(printed(), 'xx..x..x');
  nowMs = 1000;
  assert.equal(printed(), 'xx..x..x');
});
