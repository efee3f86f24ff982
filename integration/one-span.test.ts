/** One span from the guide's app to everywhere it can be seen: SQL, the Tempo and Jaeger APIs, the page. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { root, withNode } from './kit/collector.ts';
import { send } from './kit/http.ts';
import { findPlace, startPreset } from './kit/preset.ts';
import { sql } from './kit/store.ts';
import { until } from './kit/wait.ts';

test('README shows the app of the guide', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  assert.ok(readme.includes(guideApp()), 'README.md does not hold the program of docs/guides/first-trace.md');
});

test("the guide's app is seen in SQL, in both trace APIs and on the page", async (t) => {
  const place = await findPlace(t);
  await startPreset(t, place);
  const { grpcPort, pagePort, store } = place;
  const traceId = await runGuideApp(t, grpcPort);

  await t.test('SQL', async () => {
    const spans = await until('the rows', 20_000, async () => {
      const found = await sql(
        store,
        `SELECT SpanName, ServiceName, SpanAttributes['basket.items'] AS items, ParentSpanId != '' AS child
           FROM otel_traces WHERE TraceId = '${traceId}' ORDER BY child`,
      );
      return found.length === 2 && found;
    });
    assert.deepEqual(spans, [
      { SpanName: 'checkout', ServiceName: 'shop', items: '3', child: 0 },
      { SpanName: 'charge card', ServiceName: 'shop', items: '', child: 1 },
    ]);
  });

  await t.test('Tempo', async () => {
    const reply = await send({
      host: '127.0.0.1',
      port: pagePort,
      path: `/api/traces/${traceId}`,
      headers: { accept: 'application/json' },
    });
    assert.equal(reply.status, 200);
    const text = reply.body.toString();
    assert.deepEqual([...text.matchAll(/"name":"(checkout|charge card)"/g)].map((found) => found[1]).sort(), [
      'charge card',
      'checkout',
    ]);
  });

  await t.test('Jaeger', async () => {
    const reply = await send({ host: '127.0.0.1', port: pagePort, path: `/jaeger/api/traces/${traceId}` });
    assert.equal(reply.status, 200);
    const { data } = JSON.parse(reply.body.toString());
    assert.equal(data[0].traceID, traceId);
    assert.deepEqual(data[0].spans.map((span: { operationName: string }) => span.operationName).sort(), [
      'charge card',
      'checkout',
    ]);
  });

  await t.test('the page', async (t) => {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu'],
    });
    t.after(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${pagePort}/`);
    await page.getByText('checkout').first().click();
    await page.getByText('charge card').first().waitFor();
    assert.ok(page.url().includes(traceId), `the address of the trace is ${page.url()}`);
  });
});

/** The program in the guide: its first js block. */
function guideApp(): string {
  const guide = readFileSync(join(root, 'docs', 'guides', 'first-trace.md'), 'utf8');
  return /```js\n([\s\S]*?)```/.exec(guide)![1]!;
}

/** Runs it inside the checkout, where its packages are; gives the trace id it prints. */
async function runGuideApp(t: TestContext, grpcPort: number): Promise<string> {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'guide-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'app.mjs'), guideApp());
  const { stdout } = await promisify(execFile)(process.execPath, ['app.mjs'], {
    cwd: folder,
    env: withNode({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpcPort}`,
      OTEL_NODE_RESOURCE_DETECTORS: 'env,host,process',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
    }),
  });
  return stdout.trim();
}
