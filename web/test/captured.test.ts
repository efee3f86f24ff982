// biome-ignore-all lint/performance/useDomNodeTextContent: innerText of Playwright is what a person sees
/** What the page shows of a host where no program has an SDK: services, edges, flows, and a call's way on the wire. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openQueriedStore } from '../../querier/testing/store.ts';
import { runAxe } from './axe.ts';
import { openBrowser, openPage } from './browser.ts';
import { insertCaptured } from './captured.ts';
import { buildPage, serve } from './serve.ts';

const queried = await openQueriedStore({ after });
const captured = await insertCaptured(queried.socketPath, Date.now());
const base = await serve({ after }, queried.store, await buildPage({ after }));
const browser = await openBrowser({ after });

const open = async (owner: Parameters<typeof openPage>[0], path: string, options = {}) => {
  const page = await openPage(owner, browser, options);
  await page.goto(base + path);
  return page;
};
const search = (page: Page) => new URL(page.url()).searchParams;

test('services: those of captured calls are listed, each call once', async (t) => {
  const page = await open(t, '/services');
  await page.waitForSelector('.services tbody tr');
  const names = await page.locator('.services tbody th').allInnerTexts();
  assert.deepEqual(names.map((name) => name.trim()).sort(), [
    '10.1.0.50:6379',
    '10.1.0.53:53',
    '10.1.0.60:5432',
    '10.1.0.80:80',
  ]);
  const nginx = page.locator('.services tbody tr', { hasText: '10.1.0.80:80' });
  assert.match((await nginx.locator('td').nth(1).getAttribute('title'))!, /of 294 requests/);
});

test('services: an edge has rate, errors, durations, traffic and round trips, with the sample size', async (t) => {
  const page = await open(t, '/services');
  const edge = page.locator('.edge-list .row', { hasText: '10.1.0.50:6379' }).first();
  await edge.waitFor();
  assert.match(
    await edge.innerText(),
    /10\.1\.0\.[789]\s+→\s+10\.1\.0\.50:6379\s+Redis, seen at the client\s+[\d.]+ \/s\s+⚠ [\d.]+ %\s+[\d.]+ µs\s+[\d.]+ (µs|ms)\s+[\d.]+ ms\s+[\d.]+ KiB\s+[\d.]+ µs/,
  );
  assert.match((await edge.locator('.number').nth(2).getAttribute('title'))!, /^of \d+ calls$/);
});

test('services: a column sorts, a service narrows, an edge opens its traces', async (t) => {
  const page = await open(t, '/services');
  await page.waitForSelector('.edge-list .row');
  await page.getByRole('button', { name: 'p99' }).click();
  assert.equal(search(page).get('sort'), 'p99');
  await page.getByTitle('Show only 10.1.0.53:53').click();
  await page.waitForFunction(() => document.querySelectorAll('.edge-list .row').length === 3);
  assert.equal(search(page).get('service'), '10.1.0.53:53');
  await page.locator('.edge-list .row').first().click();
  await page.waitForSelector('.trace-list .row');
  assert.equal(search(page).get('service'), '10.1.0.53:53');
  assert.match(search(page).get('f')!, /^client\.address=10\.1\.0\.\d$/);
});

test('flows: found by address and port, sorted, and one of them told in full', async (t) => {
  const page = await open(t, '/flows');
  await page.waitForSelector('.flow-list .row');
  assert.equal(await page.locator('.flow-list .row').count(), captured.flows / 2);
  await page.getByLabel('Address, port or protocol').fill('10.1.0.80:80');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.flow-list .row').length === 6);
  await page.getByRole('button', { name: 'bytes' }).click();
  await page.waitForFunction(() => location.search.includes('sort=bytes'));
  await page.locator('.flow-list .row').first().click();
  const pane = page.locator('.pane');
  await pane.getByText('client.bytes').waitFor();
  assert.match(await pane.innerText(), /10\.1\.0\.\d:40\d+ → 10\.1\.0\.80:80/);
  assert.match(await pane.innerText(), /server\.packets\s+\d+ packet/);
  await pane.getByRole('link', { name: 'Its calls' }).click();
  await page.waitForSelector('.trace-list .row');
  assert.match(search(page).get('f')!, /^deepflow\.flow\.id=[0-9a-f]{16}$/);
});

test('flows: packets can be downloaded only where they are kept', async (t) => {
  const page = await open(t, '/flows');
  await page.locator('.flow-list .row').first().click();
  await page.getByRole('link', { name: 'Its calls' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Download packets' }).count(), 0);
  const keeping = await openPage(t, browser);
  await keeping.route('**/api/v1/pcap/kept', (route) => route.fulfill({ body: '{"kept":true}' }));
  await keeping.goto(`${base}/flows`);
  await keeping.locator('.flow-list .row').first().click();
  const link = keeping.getByRole('link', { name: 'Download packets' });
  assert.match((await link.getAttribute('href'))!, /^\/api\/v1\/pcap\?flow=[0-9a-f]{16}$/);
});

test('trace: a call seen on the wire tells where, between whom, and leads to its connection', async (t) => {
  const page = await open(t, '/traces?service=10.1.0.7&operation=SET');
  await page.locator('.trace-list .row').first().click();
  await page.locator('.span-list .row').first().click();
  const wire = page.getByRole('region', { name: 'On the wire' });
  await wire.waitFor();
  assert.match(
    await wire.innerText(),
    /at the client \(c\)[\s\S]*10\.1\.0\.\d:40\d+ → 10\.1\.0\.50:6379[\s\S]*Redis over tcp[\s\S]*120 B at tcp seq \d+/,
  );
  await wire.getByRole('link').click();
  await page.locator('.pane').getByText('client.bytes').waitFor();
  assert.equal(await page.locator('.flow-list .row').count(), 1);
});

test('services: one that is chosen shows its newest calls below its edges', async (t) => {
  const page = await open(t, '/services');
  const button = page.locator('.services tbody th button').first();
  const name = (await button.innerText()).trim();
  await button.click();
  const calls = page.getByRole('region', { name: `Calls of ${name}` });
  await calls.locator('.trace-list .row').first().waitFor();
  const edges = await page.locator('.edge-list').boundingBox();
  assert.ok(edges!.y + edges!.height <= (await calls.boundingBox())!.y);
  await calls.getByRole('link', { name: 'search them' }).click();
  await page.waitForURL((url) => url.pathname === '/traces' && url.searchParams.get('service') === name);
});

test('keys: g e goes to services, g f to flows', async (t) => {
  const page = await open(t, '/traces');
  await page.waitForSelector('.trace-list .row');
  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await page.waitForSelector('.edge-list .row');
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForSelector('.flow-list .row');
});

const views: [path: string, ready: string, act?: string][] = [
  ['/services', '.edge-list .row'],
  ['/services?service=10.1.0.53:53', '.service-calls .row'],
  ['/services?service=nobody', '.notice'],
  ['/flows', '.flow-list .row', '.flow-list .row'],
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [path, ready, act] of views) {
    test(`axe finds nothing on ${path} in ${colorScheme}`, async (t) => {
      const page = await open(t, path, { colorScheme });
      await page.waitForSelector(ready);
      if (act !== undefined) {
        await page.locator(act).first().click();
        await page.waitForSelector('.pane .attributes');
      }
      assert.deepEqual(await runAxe(page), []);
    });
  }
}

test('a narrow window does not scroll sideways', async (t) => {
  for (const path of ['/services', '/flows']) {
    const page = await open(t, path, { width: 420 });
    await page.waitForSelector('.row');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), path);
  }
});
