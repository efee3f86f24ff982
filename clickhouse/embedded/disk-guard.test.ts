import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePartition, createDiskGuard, type Partition } from './disk-guard.ts';
import { runSql } from './store-client.ts';
import { openTestStore } from './testing/store.ts';

const day = (table: string, id: string, sizeBytes: number): Partition => ({ database: 'otel', table, id, sizeBytes });
const spans = [day('spans', '20261120', 50), day('spans', '20261119', 10), day('spans', '20261121', 40)];
const logs = [day('logs', '20261118', 90)];

const choices: [name: string, partitions: Partition[], evenOnly: boolean, chosen: Partition | undefined][] = [
  ['the oldest day of the biggest table', [...spans, ...logs], false, spans[1]],
  ['not the only day of a table, if another has more', [...spans, day('logs', '20261118', 900)], false, spans[1]],
  ['nothing while every table has one day', [...logs, spans[0]], false, undefined],
  ['the biggest only day when it must be', [...logs, spans[0]], true, logs[0]],
  ['nothing of nothing', [], true, undefined],
];

for (const [name, partitions, evenOnly, chosen] of choices) {
  test(`chooses ${name}`, () => assert.deepEqual(choosePartition(partitions, evenOnly), chosen));
}

test('drops old days of real tables until the quota holds, and leaves other tables alone', async (t) => {
  const { client, directory } = await openTestStore(t);
  await client.command({ query: 'CREATE DATABASE otel' });
  for (const table of ['spans', 'logs']) {
    const columns = 'received_date Date, text String CODEC(NONE)';
    await client.command({
      query: `CREATE TABLE otel.${table} (${columns}) ENGINE = MergeTree PARTITION BY toYYYYMMDD(received_date) ORDER BY tuple()`,
    });
  }
  await client.command({
    query: 'CREATE TABLE otel.whole (text String CODEC(NONE)) ENGINE = MergeTree ORDER BY tuple()',
  });
  const fill = (target: string, select: string, rows: number) =>
    client.command({ query: `INSERT INTO otel.${target} SELECT ${select} randomString(1000) FROM numbers(${rows})` });
  for (const date of ['2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21'])
    await fill('spans', `toDate('${date}'),`, 1000);
  await fill('logs', "toDate('2026-11-18'),", 500);
  await fill('whole', '', 3000);

  const dropped: string[] = [];
  const guard = createDiskGuard({
    directory,
    maxUsageBytes: 7_000_000,
    minFreeBytes: 0,
    runSql: (sql) => runSql(directory, sql, { timeoutMs: 10_000, password: undefined }),
    log: { info() {}, warn() {}, error() {} },
    onDrop: ({ table, id }) => dropped.push(`${table} ${id}`),
  });
  // 7.5 MB of 7 MB; 85 % of it are 5.95 MB.
  const { usedBytes } = await guard.check();
  assert.ok(usedBytes > 7_500_000 && usedBytes < 8_000_000, String(usedBytes));
  assert.deepEqual(dropped, ['spans 20261118', 'spans 20261119']);
  await guard.check();
  assert.equal(dropped.length, 2);
  const left = await client.query({
    query: 'SELECT DISTINCT toString(received_date) AS day FROM otel.spans ORDER BY day',
    format: 'JSONEachRow',
  });
  assert.deepEqual(await left.json(), [{ day: '2026-11-20' }, { day: '2026-11-21' }]);
});

test('makes room on a disk that fills up, counting what is already on its way out', async () => {
  const statements: string[] = [];
  const guard = createDiskGuard({
    directory: '/store',
    maxUsageBytes: undefined,
    minFreeBytes: 1000,
    freeBytes: async () => 500,
    runSql: async (sql) => {
      statements.push(sql);
      const data = [
        ['otel', 'spans', '20261120', 300, 0],
        ['otel', 'spans', '20261121', 300, 0],
        ['otel', 'logs', '20261101', 0, 250],
      ];
      return sql.startsWith('SELECT') ? JSON.stringify({ data }) : '';
    },
    log: { info() {}, warn() {}, error() {} },
  });
  await guard.check();
  assert.equal(statements.length, 2);
  assert.match(statements[1]!, /ALTER TABLE `otel`\.`spans` DROP PARTITION ID '20261120'/);
});

test('inserts are refused with Code 243 when the disk has less free than the engine shall leave', async (t) => {
  const { client } = await openTestStore(t, { settings: { minFreeDiskBytes: 2 ** 60 } });
  await client.command({ query: 'CREATE DATABASE otel' });
  await client.command({ query: 'CREATE TABLE otel.t (a UInt8) ENGINE = MergeTree ORDER BY a' });
  await assert.rejects(client.insert({ table: 'otel.t', values: [{ a: 1 }], format: 'JSONEachRow' }), { code: '243' });
});
