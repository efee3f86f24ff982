import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runSql } from '../../clickhouse/embedded/store-client.ts';
import { StoreStartError } from '../../clickhouse/embedded/supervisor.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { clickhouseEmbeddedConfig } from './config.ts';
import definition from './index.ts';
import { explainStart } from './start-error.ts';

interface Settings {
  directory: string;
  max_disk_usage?: string;
}

async function startExtension(t: TestContext, settings: Settings) {
  const more = { http: { endpoint: '127.0.0.1:0' }, password: 'pa55', min_free_disk: 0 };
  const context = createTestContext(clickhouseEmbeddedConfig.parse({ ...settings, ...more }));
  const extension = definition.create(context);
  t.after(() => extension.shutdown!());
  await extension.start!();
  return { ...context, shutdown: extension.shutdown! };
}

test('starts a store on the socket and on a port, with a password, and keeps the quota', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const first = await startExtension(t, { directory });
  const [socket, port] = first.listeners.map(({ url }) => url);
  assert.equal(socket, `unix:${directory}/http.sock`);
  const ask = (headers: Record<string, string>) => fetch(port!, { method: 'POST', body: 'SELECT 1', headers });
  assert.equal((await ask({})).headers.get('x-clickhouse-exception-code'), '516');
  assert.equal((await ask({ 'X-ClickHouse-User': 'anyone', 'X-ClickHouse-Key': 'wrong' })).status, 403);
  assert.equal(await (await ask({ 'X-ClickHouse-User': 'anyone', 'X-ClickHouse-Key': 'pa55' })).text(), '1\n');
  assert.equal(await (await ask({ Authorization: `Basic ${btoa('default:pa55')}` })).text(), '1\n');

  const run = (sql: string) => runSql(directory, sql, { timeoutMs: 10_000, password: 'pa55' });
  await run('CREATE DATABASE otel');
  const columns = 'day Date, text String CODEC(NONE)';
  await run(`CREATE TABLE otel.spans (${columns}) ENGINE = MergeTree PARTITION BY toYYYYMMDD(day) ORDER BY tuple()`);
  for (const day of ['2026-11-20', '2026-11-21']) {
    await run(`INSERT INTO otel.spans SELECT toDate('${day}'), randomString(1000) FROM numbers(1000)`);
  }
  await first.shutdown();

  const second = await startExtension(t, { directory, max_disk_usage: '2MB' });
  for (let i = 0; second.metric('clickhouse_embedded_dropped_partitions') === 0 && i < 100; i++) await sleep(50);
  assert.equal(second.metric('clickhouse_embedded_dropped_partitions'), 1);
  assert.ok(second.metric('clickhouse_embedded_dropped_bytes') > 1_000_000);
  assert.ok(second.metric('clickhouse_embedded_disk_used_bytes') > 1_000_000);
});

test('refuses a directory whose socket no client could reach', async () => {
  const context = createTestContext(clickhouseEmbeddedConfig.parse({ directory: `/tmp/${'d'.repeat(100)}` }));
  await assert.rejects(definition.create(context).start!(), {
    code: 'INVALID_CONFIG',
    message: /115 bytes.*takes 107/,
  });
});

const reasons = [
  ['missing', 'MISSING_DEPENDENCY', /npm install chdb/],
  ['locked', 'DATA_DIRECTORY_LOCKED', /another process uses \/d/],
  ['port', 'ADDRESS_IN_USE', /http::endpoint: 127\.0\.0\.1:8123 is taken/],
  ['permission', 'PERMISSION_DENIED', /no permission to write in \/d/],
  ['disk_full', 'DISK_FULL', /free some space/],
  ['other', 'STORE_UNAVAILABLE', /did not start/],
] as const;

for (const [reason, code, message] of reasons) {
  test(`tells the operator what to do: ${code}`, () => {
    const config = clickhouseEmbeddedConfig.parse({ directory: '/d', http: { endpoint: '127.0.0.1:8123' } });
    const error = explainStart('clickhouse_embedded', config, new StoreStartError(reason, 'why'));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.message, /^extensions::clickhouse_embedded/);
  });
}

test('options are strict and have defaults', () => {
  const { directory, min_free_disk } = clickhouseEmbeddedConfig.parse({});
  assert.deepEqual({ directory, min_free_disk }, { directory: './data/clickhouse', min_free_disk: 2 ** 30 });
  assert.throws(() => clickhouseEmbeddedConfig.parse({ http: { endpoint: '8123' } }), /host:port/);
});
