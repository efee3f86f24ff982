/** The schema of the real engine: made by many at once, continued after a kill, kept up to date. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelAttributes } from '../pdata/schema/flow-log.ts';
import { createStoreClient, type StoreClient } from './client.ts';
import { openTestStore } from './embedded/testing/store.ts';
import { type Migration, migrate, migrations } from './migrations.ts';
import { tables, views } from './tables/all.ts';
import { flowColumns } from './tables/flow-log.ts';
import { createTable } from './tables/table.ts';

const options = { database: 'otel', cluster: '', ttlSeconds: 3600 };

async function openClient(context: Parameters<typeof openTestStore>[0]): Promise<StoreClient> {
  const store = await openTestStore(context);
  const client = createStoreClient({
    endpoint: `unix:${store.socketPath}`,
    username: 'default',
    password: '',
    compression: 'none',
    timeoutMs: 30_000,
  });
  context.after(() => client.close());
  return client;
}

test('several collectors may create the schema at once, and once is enough', async (context) => {
  const client = await openClient(context);
  await Promise.all(Array.from({ length: 4 }, () => migrate(client, options)));
  const there = await client.query<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = 'otel' ORDER BY name",
  );
  const expected = [...tables, ...views, { name: 'schema_migrations' }].map(({ name }) => name).sort();
  assert.deepEqual(
    there.map(({ name }) => name),
    expected,
  );
  const steps: string[] = [];
  await migrate(client, options, (name) => steps.push(name));
  assert.deepEqual(steps, []);
});

test('a migration that was killed half way is done again, and later ones only once', async (context) => {
  const client = await openClient(context);
  const addColumn = 'ALTER TABLE otel.spans ADD COLUMN IF NOT EXISTS extra UInt8';
  const broken: Migration = {
    version: 1000,
    name: 'extra',
    statements: () => [addColumn, 'ALTER TABLE otel.nowhere FREEZE'],
  };
  await assert.rejects(
    migrate(client, options, () => {}, [...migrations, broken]),
    { kind: 'schema', code: 60 },
  );
  const steps: string[] = [];
  const mended: Migration = { ...broken, statements: () => [addColumn] };
  await migrate(client, options, (name) => steps.push(name), [...migrations, mended]);
  await migrate(client, options, (name) => steps.push(name), [...migrations, mended]);
  assert.deepEqual(steps, ['extra']);
});

test('a changed ttl reaches tables that are there', async (context) => {
  const client = await openClient(context);
  await migrate(client, options);
  const ttl = async () => {
    const [row] = await client.query<{ ddl: string }>(
      "SELECT create_table_query AS ddl FROM system.tables WHERE database = 'otel' AND name = 'spans'",
    );
    return /TTL toDateTime.*?(?= SETTINGS)/.exec(row!.ddl)?.[0];
  };
  assert.equal(await ttl(), 'TTL toDateTime(received_date) + toIntervalSecond(90000)');
  await migrate(client, { ...options, ttlSeconds: 7200 });
  assert.equal(await ttl(), 'TTL toDateTime(received_date) + toIntervalSecond(93600)');
  await migrate(client, { ...options, ttlSeconds: 0 });
  assert.equal(await ttl(), undefined);
});

test('on a cluster tables are replicated and made everywhere', () => {
  const ddl = createTable(tables[0]!, { database: 'otel', cluster: 'main', ttlSeconds: 0 });
  assert.match(ddl, /^CREATE TABLE IF NOT EXISTS `otel`\.`spans` ON CLUSTER `main` \(/);
  assert.match(ddl, /\nENGINE = ReplicatedMergeTree\n/);
  assert.doesNotMatch(ddl, /\nTTL/);
});

test('a database of the first version gets the tables and columns that came later', async (context) => {
  const client = await openClient(context);
  await migrate(client, options, () => {}, migrations.slice(0, 1));
  for (const table of ['flow_log', 'call_metrics_1s']) await client.command(`DROP TABLE otel.${table}`);
  await client.command('ALTER TABLE otel.spans DROP COLUMN observation_point');
  await client.command(
    "INSERT INTO otel.spans (received_date, attributes) VALUES (today(), map('deepflow.observation_point', 's'))",
  );
  await migrate(client, options);
  assert.deepEqual(await client.query('SELECT observation_point FROM otel.spans'), [{ observation_point: 's' }]);
  assert.deepEqual(await client.query('SELECT * FROM otel.flow_log'), []);
});

test('records of the second version of the schema stay, and say nothing of what the kernel counts', async (context) => {
  const client = await openClient(context);
  await migrate(client, options, () => {}, migrations.slice(0, 2));
  const added = flowColumns(kernelAttributes).map(({ name }) => name);
  for (const name of added) await client.command(`ALTER TABLE otel.flow_log DROP COLUMN ${name}`);
  await client.command("INSERT INTO otel.flow_log (received_date, flow_id) VALUES (today(), 'a')");
  const steps: string[] = [];
  await migrate(client, options, (name) => steps.push(name));
  assert.deepEqual(steps, ['connections as the kernel counts them']);
  const [row] = await client.query<Record<string, unknown>>(`SELECT ${added.join(', ')} FROM otel.flow_log`);
  assert.equal(row!.tcp_smoothed_rtt, '0');
  assert.deepEqual(row!.drop_reasons, []);
});

test('seconds live for a day and minutes for a month, or shorter when everything does', async (context) => {
  const client = await openClient(context);
  const days = async (table: string) => {
    const [row] = await client.query<{ ddl: string }>(
      `SELECT create_table_query AS ddl FROM system.tables WHERE database = 'otel' AND name = '${table}'`,
    );
    return Number(/toIntervalSecond\((\d+)\)/.exec(row!.ddl)?.[1]) / 86_400 - 1;
  };
  await migrate(client, { ...options, ttlSeconds: 0 });
  assert.deepEqual([await days('call_metrics_1s'), await days('flow_metrics_1m')], [1, 30]);
  await migrate(client, { ...options, ttlSeconds: 7 * 86_400 });
  assert.deepEqual([await days('call_metrics_1s'), await days('flow_metrics_1m')], [1, 7]);
});
