/** The schema gate against a store that answers late: the start waits for it only so long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreClient } from '../../clickhouse/client.ts';
import { createTestContext } from '../../component/testing/context.ts';
import definition from './index.ts';
import { createSchemaGate } from './schema-gate.ts';

test('a store that is ready after the start has gone on is told as ready, whether data come or not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let answer = (_version: string) => {};
  const client = {
    endpoint: 'http://store',
    checkVersion: () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  } as Partial<StoreClient> as StoreClient;
  const config = definition.config.parse({ create_schema: false });
  const gate = createSchemaGate(client, config, createTestContext({}).log);
  const told: string[] = [];
  const started = gate.tryAtStart(
    (error) => told.push(error.message),
    () => told.push('ready'),
  );
  t.mock.timers.tick(5000);
  await started;
  assert.deepEqual(told, ['ClickHouse at http://store has not answered yet']);
  answer('26.7.2.1');
  await gate.ready();
  assert.deepEqual(told.slice(1), ['ready']);
});
