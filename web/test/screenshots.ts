/** Takes the pictures of the README: `node web/test/screenshots.ts [directory] [light|dark]`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { insertDemo } from '../../querier/testing/demo.ts';
import { openQueriedStore } from '../../querier/testing/store.ts';
import { openBrowser, openPage } from './browser.ts';
import { insertCaptured } from './captured.ts';
import { buildPage, serve } from './serve.ts';

const [directory = 'docs/screenshots', scheme] = process.argv.slice(2);
const schemes: readonly ('light' | 'dark')[] = scheme === 'light' || scheme === 'dark' ? [scheme] : ['light', 'dark'];
const cleanUps: (() => Promise<void> | void)[] = [];
const owner = { after: (cleanUp: () => Promise<void> | void) => void cleanUps.unshift(cleanUp) };

const { client, store, socketPath } = await openQueriedStore(owner);
const { spans } = await insertDemo(client, Date.now());
await insertCaptured(socketPath, Date.now());
const failed = spans.find((span) => (span.events?.length ?? 0) > 0)!;
const base = await serve(owner, store, await buildPage(owner));
const browser = await openBrowser(owner);
const sql = `SELECT service_name, count() AS spans, round(quantile(0.99)(duration_ns) / 1e6, 1) AS p99_ms, any(attributes) AS example
FROM otel.spans
GROUP BY service_name
ORDER BY spans DESC`;

/** `act` brings a page into the state that is worth a picture. */
const views: [name: string, path: string, ready: string, act?: string][] = [
  ['traces', '/traces?service=frontend', '.trace-list .row'],
  ['trace', `/trace/${failed.traceId}?span=${failed.spanId}`, '.pane .event'],
  ['services', '/services', '.edge-list .row'],
  ['flows', '/flows', '.flow-list .row', '.flow-list .row'],
  ['logs', '/logs', '.log-list .row', '.log-list .row.severity-error'],
  ['metrics', '/metrics?metric=http.server.requests&group=service.name', '.figures'],
  ['sql', `/sql?q=${encodeURIComponent(sql)}`, '.sql-list .row'],
  // The second look, when there is a rate.
  ['health', '/health', '.figures td:has-text("/s")'],
];

mkdirSync(directory, { recursive: true });
for (const colorScheme of schemes) {
  for (const [name, path, ready, act] of views) {
    const page = await openPage(owner, browser, { colorScheme });
    await page.goto(base + path);
    await page.waitForSelector(ready);
    if (act !== undefined) await page.locator(act).first().click();
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(directory, `${name}-${colorScheme}.png`) });
  }
}
for (const cleanUp of cleanUps) await cleanUp();
