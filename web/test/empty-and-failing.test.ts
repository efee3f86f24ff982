// biome-ignore-all lint/performance/useDomNodeTextContent: innerText of Playwright is what a person sees
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createDriver } from '../../clickhouse/client.ts';
import { createStore } from '../../querier/store/store.ts';
import { openQueriedStore } from '../../querier/testing/store.ts';
import { openBrowser, openPage } from './browser.ts';
import { buildPage, serve } from './serve.ts';

const directory = await buildPage({ after });
const empty = await openQueriedStore({ after });
const emptyBase = await serve({ after }, empty.store, directory);
const driver = createDriver({
  endpoint: 'unix:/tmp/no-such-directory/http.sock',
  username: 'default',
  password: '',
  compression: 'none',
  timeoutMs: 1000,
});
const limits = { maxExecutionSeconds: 1, maxResultRows: 10, maxMemoryBytes: 1 << 20 };
const downBase = await serve({ after }, createStore(driver, 'otel', limits), directory);
const browser = await openBrowser({ after });

const empties: [path: string, heading: string, line: RegExp][] = [
  ['/traces', 'No traces in this time range', /OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/localhost:4317/],
  ['/logs', 'No logs in this time range', /curl http:\/\/localhost:4318\/v1\/logs/],
  ['/services', 'No calls in this time range', /exporters: \[clickhouse, red\]/],
  ['/flows', 'No flows in this time range', /cbpf:/],
  ['/metrics', 'No metrics in this time range', /curl http:\/\/localhost:4318\/v1\/metrics/],
];

for (const [path, heading, line] of empties) {
  test(`${path} of an empty store says how to get data in`, async (t) => {
    const page = await openPage(t, browser);
    await page.goto(emptyBase + path);
    await page.getByRole('heading', { name: heading }).waitFor();
    assert.match(await page.locator('.notice pre').innerText(), line);
  });
}

test('filters are named as the reason when they may be it', async (t) => {
  const page = await openPage(t, browser);
  await page.goto(`${emptyBase}/traces?service=web`);
  await page.getByRole('heading', { name: 'No traces match' }).waitFor();
});

for (const path of [
  '/traces',
  '/services',
  '/flows',
  '/logs',
  '/metrics',
  `/trace/${'a'.repeat(32)}`,
  '/sql?q=SELECT%201',
]) {
  test(`${path} says that the store is down, and what to do`, async (t) => {
    const page = await openPage(t, browser);
    await page.goto(downBase + path);
    await page.getByRole('heading', { name: 'The store does not answer' }).first().waitFor();
    assert.match(await page.getByRole('alert').first().innerText(), /extensions.query.clickhouse.endpoint/);
  });
}

test('health still shows the components when the store is down', async (t) => {
  const page = await openPage(t, browser);
  await page.goto(`${downBase}/health`);
  await page.getByRole('heading', { name: 'The store does not answer' }).waitFor();
  await page.getByText('otlp_grpc/backup').first().waitFor();
});

test('says when the collector itself is gone, and comes back by a click', async (t) => {
  const page = await openPage(t, browser);
  await page.goto(`${emptyBase}/traces`);
  await page.getByRole('heading', { name: 'No traces in this time range' }).waitFor();
  await page.route('**/api/**', (route) => route.abort());
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('heading', { name: 'The collector does not answer' }).waitFor();
  await page.unroute('**/api/**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'No traces in this time range' }).waitFor();
});

test('the page weighs less than 400 KB gzipped', () => {
  const files = [
    join(directory, 'index.html'),
    ...readdirSync(join(directory, 'assets')).map((name) => join(directory, 'assets', name)),
  ];
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  assert.ok(bytes < 400_000, `${bytes} bytes`);
});
