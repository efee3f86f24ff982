// biome-ignore-all lint/performance/useDomNodeTextContent: innerText of Playwright is what a person sees
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import { insertDemo } from '../../querier/testing/demo.ts';
import { openQueriedStore } from '../../querier/testing/store.ts';
import { runAxe } from './axe.ts';
import { openBrowser, openPage } from './browser.ts';
import { buildPage, serve } from './serve.ts';

const full = await openQueriedStore({ after });
const demo = await insertDemo(full.client, Date.now());
const directory = await buildPage({ after });
const base = await serve({ after }, full.store, directory);
const browser = await openBrowser({ after });
const failed = demo.spans.find((span) => (span.events?.length ?? 0) > 0)!;

const open = async (owner: Parameters<typeof openPage>[0], path: string, options = {}) => {
  const page = await openPage(owner, browser, options);
  await page.goto(base + path);
  return page;
};
const search = (page: Page) => new URL(page.url()).searchParams;

test('traces: lists what is stored, newest first, and services by trouble', async (t) => {
  const page = await open(t, '/');
  await page.waitForSelector('.trace-list .row');
  assert.equal(await page.locator('.services tbody tr').count(), 4);
  const first = await page.locator('.services tbody tr').first().innerText();
  assert.match(first, /⚠ [\d.]+ %/);
  assert.equal(
    await page
      .locator('.services tbody tr')
      .last()
      .innerText()
      .then((text) => text.split('\t')[0]?.trim()),
    'cart',
  );
  assert.match(await page.locator('.trace-list .row').first().innerText(), /ago[\s\S]*frontend[\s\S]*ms/);
});

test('traces: each part of the search is in the address, and the address brings it back', async (t) => {
  const page = await open(t, '/traces');
  await page.getByLabel('Service', { exact: true }).fill('payment');
  await page.keyboard.press('Enter');
  await page.getByLabel('At least').fill('10');
  await page.keyboard.press('Enter');
  await page.getByLabel('Status').selectOption('error');
  await page.waitForFunction(() => new URL(location.href).searchParams.get('status') === 'error');
  assert.equal(search(page).get('service'), 'payment');
  assert.equal(search(page).get('min'), '10ms');
  const allFailed = () => {
    const rows = [...document.querySelectorAll('.trace-list .row')];
    return rows.length > 0 && rows.every((row) => row.querySelector('.bad') !== null);
  };
  await page.waitForFunction(allFailed);
  const shown = await page.locator('.list-head').first().innerText();
  const again = await open(t, new URL(page.url()).pathname + new URL(page.url()).search);
  await again.waitForFunction(allFailed);
  assert.equal(await again.locator('.list-head').first().innerText(), shown);
  assert.equal(await again.getByLabel('At least').inputValue(), '10ms');
  await page.goBack();
  await page.waitForFunction(() => !location.search.includes('status'));
});

test('traces: arrow keys and enter open a trace, escape comes back', async (t) => {
  const page = await open(t, '/traces');
  await page.waitForSelector('.trace-list .row');
  await page.locator('.trace-list').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.span-list .row');
  assert.match(new URL(page.url()).pathname, /^\/trace\/[0-9a-f]{32}$/);
  await page.keyboard.press('Escape');
  await page.waitForSelector('.trace-list .row');
});

test('trace: shows the tree, and everything about the selected span', async (t) => {
  const page = await open(t, `/trace/${failed.traceId}`);
  await page.waitForSelector('.span-list .row');
  assert.equal(await page.locator('.span-list .row').count(), 8);
  await page.locator('.span-list .row', { hasText: 'payment payment.Charge' }).click();
  const pane = page.locator('.pane');
  await pane.getByText('BankUnavailable', { exact: true }).waitFor();
  const text = await pane.innerText();
  assert.match(text, /payment\.amount\s+49\.9\s+double/);
  assert.match(text, /process\.pid\s+4711\s+int/);
  assert.match(text, /upstream answered 503/);
  assert.equal(search(page).get('span'), failed.spanId);
  await page.keyboard.press('Escape');
  await pane.waitFor({ state: 'detached' });
});

test('trace: left and right collapse and expand', async (t) => {
  const page = await open(t, `/trace/${failed.traceId}`);
  const rows = page.locator('.span-list .row');
  await rows.first().waitFor();
  await page.locator('.span-list').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.querySelectorAll('.span-list .row').length === 1);
  assert.match(await rows.first().innerText(), /\+7/);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelectorAll('.span-list .row').length === 8);
});

test('trace: its logs are one click away, and lead back', async (t) => {
  const page = await open(t, `/trace/${failed.traceId}`);
  await page.getByRole('link', { name: 'Logs of this trace' }).click();
  await page.waitForSelector('.log-list .row');
  const count = demo.logs.filter((log) => log.traceId === failed.traceId).length;
  assert.equal(await page.locator('.log-list .row').count(), count);
  await page.locator('.log-list').getByRole('link').first().click();
  await page.waitForSelector('.span-list .row');
});

test('a click on a value filters by it, with alt it is left out, and the filter can be dropped', async (t) => {
  const page = await open(t, '/logs');
  await page.locator('.log-list .row', { hasText: 'charge failed' }).first().click();
  await page.locator('.pane').getByRole('button', { name: 'BankUnavailable' }).click();
  await page.waitForFunction(() => location.search.includes('f=error.type'));
  assert.deepEqual(search(page).getAll('f'), ['error.type=BankUnavailable']);
  await page.waitForFunction(() => !document.querySelector('.log-list')?.textContent?.includes('from web'));
  await page.locator('.log-list .row').first().click();
  await page
    .locator('.pane')
    .getByRole('button', { name: 'BankUnavailable' })
    .click({ modifiers: ['Alt'] });
  await page.waitForFunction(() => location.search.includes('f=-error.type'));
  await page.waitForFunction(() => document.querySelector('.log-list')?.textContent?.includes('from web'));
  assert.ok(!(await page.locator('.log-list').innerText()).includes('charge failed'));
  await page.getByRole('button', { name: /Remove the filter/ }).click();
  await page.waitForFunction(() => !location.search.includes('f='));
});

test('logs: an event without a text says what it holds', async (t) => {
  const page = await openPage(t, browser);
  await page.route('**/api/v1/logs?*', async (route) => {
    const answer = await (await route.fetch()).json();
    const attributes = [
      { key: 'deepflow.process.event', type: 'string', value: 'exit' },
      { key: 'process.exit.code', type: 'int', value: '1' },
    ];
    Object.assign(answer.logs[0], { body: '', eventName: 'deepflow.process', attributes });
    await route.fulfill({ json: answer });
  });
  await page.goto(`${base}/logs`);
  await page.locator('.log-list .row', { hasText: 'deepflow.process event=exit code=1' }).waitFor();
});

test('logs: severity is told in words, and narrows the list', async (t) => {
  const page = await open(t, '/logs');
  await page.waitForSelector('.log-list .row');
  await page.getByLabel('Severity').selectOption('error');
  await page.waitForFunction(() => !document.querySelector('.log-list')?.textContent?.includes('info'));
  assert.match(await page.locator('.log-list .row').first().innerText(), /⚠ error[\s\S]*charge failed/);
});

test('metrics: a counter is a rate, splits by an attribute, and has figures with units', async (t) => {
  const page = await open(t, '/metrics');
  await page.locator('.metric-names .row', { hasText: 'http.server.requests' }).click();
  await page.getByLabel('Split by').selectOption('service.name');
  await page.waitForSelector('.figures tbody tr:nth-child(3)');
  assert.match(await page.locator('.figures tbody').innerText(), /frontend\s+[\d.]+ requests\/s/);
  assert.equal(search(page).get('metric'), 'http.server.requests');
  assert.equal(search(page).get('group'), 'service.name');
  await page.locator('.metric-names .row', { hasText: 'process.memory.usage' }).click();
  await page.waitForFunction(() => /MiB/.test(document.querySelector('.figures tbody')?.textContent ?? ''));
});

test('metrics: dragging in the chart chooses the time range', async (t) => {
  const page = await open(t, '/metrics?metric=process.memory.usage');
  const plot = page.locator('.u-over');
  const box = (await plot.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => new URL(location.href).searchParams.has('from'));
  const seconds = (Number(search(page).get('to')) - Number(search(page).get('from'))) / 1000;
  assert.ok(Math.abs(seconds - 720) < 30, `${seconds} s of an hour`);
});

test('SQL: runs by key, shows the answer, says what is wrong', async (t) => {
  const page = await open(t, '/sql');
  await page
    .getByLabel('SQL', { exact: true })
    .fill('SELECT service_name, count() AS n FROM otel.spans GROUP BY service_name ORDER BY n DESC');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('.sql-list .row');
  const stored = demo.spans.length.toLocaleString('en');
  assert.match(
    await page.locator('.sql-result [role=status]').innerText(),
    new RegExp(`^4 rows, .*read ${stored} rows`),
  );
  await page.getByLabel('SQL', { exact: true }).fill('SELECT nope');
  await page.keyboard.press('Control+Enter');
  assert.match(await page.getByRole('alert').innerText(), /nope/);
});

test('SQL: a long query can be cancelled', async (t) => {
  const page = await open(t, '/sql');
  await page.getByLabel('SQL', { exact: true }).fill('SELECT sum(cityHash64(number)) FROM numbers(1000000000000)');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
});

test('health: components with their trouble, throughput, storage', async (t) => {
  const page = await open(t, '/health');
  await page.getByText('spans', { exact: true }).first().waitFor();
  await page.getByText('otlp_grpc/backup').first().waitFor();
  assert.match(
    await page.locator('main').innerText(),
    /otlp_grpc\/backup\s+exporter\s+traces\s+⚠ in trouble, trying again/,
  );
  assert.match(
    await page.locator('main').innerText(),
    new RegExp(`spans\\s+${demo.spans.length.toLocaleString('en')}`),
  );
  assert.match(await page.locator('main').innerText(), /spans refused\s+⚠ 12/);
  assert.match(await page.locator('main').innerText(), /ebpf\s+events lost: the ring was full\s+⚠ 7/);
  assert.doesNotMatch(await page.locator('main').innerText(), /drops/);
  // 500 more at each look, which is every 5 s.
  await page.waitForFunction(() =>
    /spans accepted[\d,]+(9\d(\.\d)?|10\d) \/s/.test(document.querySelector('main')?.textContent ?? ''),
  );
});

test('keys: slash searches, question mark lists keys, g and a letter goes to a page', async (t) => {
  const page = await open(t, '/traces');
  await page.waitForSelector('.trace-list .row');
  await page.keyboard.press('/');
  assert.match((await page.evaluate(() => document.activeElement?.getAttribute('aria-label')))!, /filter/i);
  await page.keyboard.type('service.name=cart');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.search === '?f=service.name%3Dcart');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.waitForSelector('.log-list .row');
  assert.deepEqual(search(page).getAll('f'), ['service.name=cart']);
});

test('a page that does not exist says so', async (t) => {
  const page = await open(t, '/nowhere');
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
});

test('an unknown trace says what may be the reason', async (t) => {
  const page = await open(t, `/trace/${'d'.repeat(32)}`);
  assert.match(await page.getByRole('alert').innerText(), /retention/);
});

const views: [path: string, ready: string][] = [
  ['/traces', '.trace-list .row'],
  ['/traces?f=a%3Db', '.notice'],
  [`/trace/${failed.traceId}?span=${failed.spanId}`, '.pane .event'],
  ['/logs', '.log-list .row'],
  ['/logs?range=15m&service=nobody', '.notice'],
  ['/metrics?metric=http.server.request.duration', '.figures'],
  ['/sql?q=SELECT%201%20AS%20one', '.sql-list .row'],
  ['/sql?q=SELECT%20nope', '[role=alert]'],
  ['/health', '.figures'],
];

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [path, ready] of views) {
    test(`axe finds nothing on ${path.replace(/[0-9a-f]{32}.*/, '…')} in ${colorScheme}`, async (t) => {
      const page = await open(t, path, { colorScheme });
      await page.waitForSelector(ready);
      assert.deepEqual(await runAxe(page), []);
    });
  }
}

for (const width of [420, 900, 1280]) {
  test(`a window ${width} wide does not scroll sideways`, async (t) => {
    for (const [path, ready] of [
      ['/traces', '.trace-list .row'],
      ['/logs?service=nobody', '.notice'],
      ['/metrics?f=a%3Db', '.notice'],
    ] as const) {
      const page = await open(t, path, { width });
      await page.waitForSelector(ready);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), path);
    }
  });
}
