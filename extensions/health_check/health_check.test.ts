import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ComponentHealth } from '../../component/define.ts';
import { OperatorError } from '../../component/errors.ts';
import { createTestContext } from '../../component/testing/context.ts';
import healthCheck from './index.ts';

async function setUp(config: object, health: ComponentHealth[] = []) {
  const parsed = healthCheck.config.parse({ endpoint: 'localhost:0', ...config });
  const context = createTestContext(parsed, { id: 'health_check', host: { health: () => health } });
  const extension = healthCheck.create(context);
  await extension.start!();
  const base = new URL(context.listeners[0]!.url).origin;
  const ask = async (path: string) => {
    const response = await fetch(base + path);
    return { code: response.status, body: await response.text() };
  };
  return { extension, ask, base };
}

const component = (status: ComponentHealth['status'], more: Partial<ComponentHealth> = {}): ComponentHealth => ({
  kind: 'exporter',
  id: 'otlp',
  pipelines: ['traces'],
  status,
  sinceMs: Date.now(),
  ...more,
});

test('answers 503 until ready, 200 while ready, 503 when stopping', async () => {
  const { extension, ask } = await setUp({});
  assert.equal((await ask('/')).code, 503);
  await extension.ready!();
  const { code, body } = await ask('/');
  assert.equal(code, 200);
  assert.equal(JSON.parse(body).status, 'Server available');
  assert.match(JSON.parse(body).uptime, /^\d+\.\d{3}s$/);
  assert.equal((await ask('/other')).code, 404);
  await extension.notReady!();
  assert.equal((await ask('/')).code, 503);
  await extension.shutdown!();
});

test('answers at the configured path with the configured bodies', async () => {
  const { extension, ask } = await setUp({ path: '/health', response_body: { healthy: 'yes', unhealthy: 'no' } });
  assert.deepEqual(await ask('/health'), { code: 503, body: 'no' });
  await extension.ready!();
  assert.deepEqual(await ask('/health'), { code: 200, body: 'yes' });
  await extension.shutdown!();
});

const states: [string, ComponentHealth[], object, number][] = [
  ['all ok', [component('ok')], {}, 200],
  ['one starting', [component('ok'), component('starting', { id: 'b' })], {}, 503],
  ['one stopping', [component('stopping')], {}, 503],
  ['a recoverable error', [component('recoverable_error')], {}, 200],
  [
    'a fresh recoverable error that counts',
    [component('recoverable_error')],
    { include_recoverable_errors: true },
    200,
  ],
  [
    'an old one that counts',
    [component('recoverable_error', { sinceMs: 0 })],
    { include_recoverable_errors: true },
    500,
  ],
  ['a permanent error', [component('permanent_error')], {}, 200],
  ['a permanent error that counts', [component('permanent_error')], { include_permanent_errors: true }, 500],
  ['a fatal error', [component('fatal_error')], {}, 500],
];
for (const [what, health, component_health, expected] of states) {
  test(`version 2 answers ${expected} for ${what}`, async () => {
    const { extension, ask } = await setUp({ use_v2: true, component_health }, health);
    assert.equal((await ask('/status')).code, expected);
    await extension.shutdown!();
  });
}

test('version 2 tells of one pipeline, and of components when asked', async () => {
  const health = [
    component('ok'),
    component('recoverable_error', { id: 'slow', pipelines: ['logs'], message: 'peer is down' }),
  ];
  const { extension, ask } = await setUp({ use_v2: true }, health);
  assert.equal(JSON.parse((await ask('/status?pipeline=traces')).body).status, 'StatusOK');
  const logs = JSON.parse((await ask('/status?pipeline=logs&verbose')).body);
  assert.equal(logs.components['exporter:slow'].error, 'peer is down');
  const all = JSON.parse((await ask('/status?verbose')).body);
  assert.deepEqual(Object.keys(all.components), ['pipeline:traces', 'pipeline:logs']);
  assert.equal((await ask('/status?pipeline=none')).code, 404);
  await extension.shutdown!();
});

test('a taken port is an error that names the option', async () => {
  const { extension, base } = await setUp({});
  const endpoint = `localhost:${new URL(base).port}`;
  await assert.rejects(setUp({ endpoint }), (error: OperatorError) => {
    assert.ok(error instanceof OperatorError);
    assert.equal(error.code, 'ADDRESS_IN_USE');
    assert.match(error.message, /extensions::health_check::endpoint: port \d+ is taken by another process/);
    return true;
  });
  await extension.shutdown!();
});
