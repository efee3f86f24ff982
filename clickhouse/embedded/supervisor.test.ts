import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { createSupervisor, type SupervisorOptions } from './supervisor.ts';
import { openTestStore } from './testing/store.ts';

const silent = { info() {}, warn() {}, error() {} };

function supervise(directory: string, more: Partial<SupervisorOptions['settings']> = {}) {
  const settings = {
    directory,
    http: undefined,
    memoryLimitBytes: 1 << 30,
    minFreeDiskBytes: 0,
    password: undefined,
    ...more,
  };
  return createSupervisor({ settings, log: silent, heartbeatMs: 200, heartbeatTimeoutMs: 1000 });
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await attempt();
    } catch (error) {
      if (i === 400) throw error;
      await sleep(25);
    }
  }
}

const one = (client: ClickHouseClient) =>
  eventually(async () => (await client.query({ query: 'SELECT 1', format: 'JSONEachRow' })).json());

test('restarts a killed process soon, with everything acknowledged there once', async (t) => {
  const delaysMs: unknown[] = [];
  const error = (_message: string, { delayMs }: Record<string, unknown>) => void delaysMs.push(delayMs);
  const { client, supervisor } = await openTestStore(t, { supervisor: { log: { ...silent, error } } });
  await client.command({ query: 'CREATE DATABASE otel' });
  await client.command({
    query:
      'CREATE TABLE otel.t (batch UInt32, row UInt32) ENGINE = MergeTree ORDER BY batch SETTINGS non_replicated_deduplication_window = 1000',
  });
  let batch = 0;
  for (let kill = 0; kill < 3; kill++) {
    const killAt = batch + 5;
    for (const end = batch + 10; batch < end; batch++) {
      if (batch === killAt) setTimeout(() => process.kill(supervisor.pid()!, 'SIGKILL'), 3);
      const values = Array.from({ length: 1000 }, (_, row) => ({ batch, row }));
      const clickhouse_settings = { insert_deduplication_token: `batch-${batch}` };
      await eventually(() => client.insert({ table: 'otel.t', values, format: 'JSONEachRow', clickhouse_settings }));
    }
  }
  const answer = await client.query({
    query: 'SELECT count() AS n, uniqExact(batch, row) AS distinct FROM otel.t',
    format: 'JSONEachRow',
  });
  assert.deepEqual(await answer.json(), [{ n: batch * 1000, distinct: batch * 1000 }]);
  assert.equal(supervisor.restarts(), 3);
  assert.deepEqual(delaysMs, [500, 1000, 2000]);
});

test('kills and restarts a process that hangs', async (t) => {
  const states: string[] = [];
  const { client, supervisor } = await openTestStore(t, {
    supervisor: { heartbeatMs: 100, heartbeatTimeoutMs: 300, onState: (state) => states.push(state) },
  });
  const before = supervisor.pid()!;
  process.kill(before, 'SIGSTOP');
  await eventually(async () => assert.notEqual(supervisor.pid() ?? before, before));
  await one(client);
  assert.deepEqual(states, ['down', 'up']);
});

test('kills a process whose engine has crashed, which only puts it to sleep', async (t) => {
  const { client, supervisor } = await openTestStore(t, { supervisor: { heartbeatMs: 100, heartbeatTimeoutMs: 300 } });
  const before = supervisor.pid()!;
  process.kill(before, 'SIGSEGV');
  await eventually(async () => assert.notEqual(supervisor.pid() ?? before, before));
  await one(client);
});

test('a second store on the same directory is refused, and the first one goes on', async (t) => {
  const { client, directory } = await openTestStore(t);
  await assert.rejects(supervise(directory).start(), { reason: 'locked' });
  await one(client);
});

test('a port in use, a directory that may not be written and a missing engine each have a reason', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  await assert.rejects(supervise(directory, { http: { host: '127.0.0.1', port } }).start(), { reason: 'port' });
  taken.close();

  await assert.rejects(supervise('/sys/store').start(), { reason: 'permission' });

  // A copy away from node_modules finds no engine.
  const copy = join(directory, 'clickhouse');
  cpSync(dirname(import.meta.dirname), copy, { recursive: true });
  const { createSupervisor: createElsewhere } = (await import(
    join(copy, 'embedded', 'supervisor.ts')
  )) as typeof import('./supervisor.ts');
  const settings = {
    directory: join(directory, 'data'),
    http: undefined,
    memoryLimitBytes: 1 << 30,
    minFreeDiskBytes: 0,
    password: undefined,
  };
  const elsewhere = createElsewhere({ settings, log: silent, heartbeatMs: 200, heartbeatTimeoutMs: 1000 });
  await assert.rejects(elsewhere.start(), { reason: 'missing' });
});

test('the storage process goes when its collector is killed, and a hanging one when the next starts', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const script = `
    import { createSupervisor } from '${import.meta.dirname}/supervisor.ts';
    const supervisor = createSupervisor({
      settings: { directory: '${directory}', http: undefined, memoryLimitBytes: 2 ** 30, minFreeDiskBytes: 0, password: undefined },
      log: { info() {}, warn() {}, error() {} }, heartbeatMs: 60_000, heartbeatTimeoutMs: 1000,
    });
    await supervisor.start();
    console.log(supervisor.pid());`;
  for (const hang of [false, true]) {
    const collector = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(collector.stdout, 'data');
    const pid = Number(String(line));
    if (hang) process.kill(pid, 'SIGSTOP');
    collector.kill('SIGKILL');
    await once(collector, 'exit');
    const next = supervise(directory);
    await next.start();
    t.after(() => next.shutdown());
    assert.ok(isGone(pid));
    await next.shutdown();
  }
});

/** A process that has ended may still be listed, as a zombie, until its new parent asks for it. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

test('shuts down cleanly with a statement running, and starts again on the same data', async (t) => {
  const store = await openTestStore(t);
  await store.client.command({ query: 'CREATE DATABASE otel' });
  await store.client.command({ query: 'CREATE TABLE otel.t (a UInt8) ENGINE = MergeTree ORDER BY a' });
  const slow = store.client.command({ query: 'INSERT INTO otel.t SELECT sleepEachRow(0.25) FROM numbers(10)' });
  await eventually(async () => {
    const query = "SELECT count() AS n FROM system.processes WHERE query LIKE 'INSERT INTO otel.t %'";
    const running = await store.client.query({ query, format: 'JSONEachRow' });
    assert.deepEqual(await running.json(), [{ n: 1 }]);
  });
  await store.supervisor.shutdown();
  await slow;
  const next = supervise(store.directory);
  t.after(() => next.shutdown());
  await next.start();
  const answer = await store.client.query({ query: 'SELECT count() AS n FROM otel.t', format: 'JSONEachRow' });
  assert.deepEqual(await answer.json(), [{ n: 10 }]);
});
