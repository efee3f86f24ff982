import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '../../component/testing/clock.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { memoryLimiterConfig } from './config.ts';
import { createMemoryGuard } from './guard.ts';

const mib = 2 ** 20;

/** Memory as the test sets it; a collection frees `freedMib`. */
async function setUp(config: object, { freedMib = 0 } = {}) {
  const context = createTestContext(undefined);
  const clock = createTestClock();
  const memory = { usedMib: 10, collections: 0, heapFraction: 0 };
  const guard = createMemoryGuard({
    config: memoryLimiterConfig.parse({ check_interval: '1s', ...config }),
    log: context.log,
    clock,
    totalBytes: 1000 * mib,
    usedBytes: () => memory.usedMib * mib,
    heapFraction: () => memory.heapFraction,
    collect: () => {
      memory.collections++;
      memory.usedMib -= freedMib;
    },
  });
  guard.subscribe((refusing) => context.reportStatus(refusing ? 'recoverable_error' : 'ok'));
  guard.start();
  const at = async (usedMib: number) => {
    memory.usedMib = usedMib;
    await clock.advance(1000);
    return guard.refusing();
  };
  return { guard, clock, context, memory, at };
}

test('refuses above the soft limit and resumes below it', async () => {
  const { at, context } = await setUp({ limit_mib: 100, spike_limit_mib: 30 });
  assert.equal(await at(70), false);
  assert.equal(await at(71), true);
  assert.equal(await at(70), false);
  assert.deepEqual(
    context.statuses.map(({ status }) => status),
    ['recoverable_error', 'ok'],
  );
});

const limits: [string, object, number][] = [
  ['a fifth below limit_mib', { limit_mib: 100 }, 80],
  ['below a percentage of all memory', { limit_percentage: 50, spike_limit_percentage: 10 }, 400],
  ['a fifth below the percentage', { limit_percentage: 50 }, 400],
];
for (const [what, config, softMib] of limits) {
  test(`the soft limit can be ${what}`, async () => {
    const { at } = await setUp(config);
    assert.equal(await at(softMib), false);
    assert.equal(await at(softMib + 1), true);
  });
}

test('refuses when the JavaScript heap is nearly full, however much memory there is', async () => {
  const { at, memory } = await setUp({ limit_mib: 100 });
  memory.heapFraction = 0.79;
  assert.equal(await at(1), false);
  memory.heapFraction = 0.81;
  assert.equal(await at(1), true);
});

test('does not refuse when a collection is enough', async () => {
  const { at, memory } = await setUp({ limit_mib: 100 }, { freedMib: 50 });
  assert.equal(await at(90), false);
  assert.equal(memory.collections, 1);
});

test('collects rarely between the limits, and ever more rarely above the hard one when it does not help', async () => {
  const soft = await setUp({ limit_mib: 100 });
  for (let second = 0; second < 20; second++) await soft.at(90);
  assert.equal(soft.memory.collections, 2);
  const hard = await setUp({ limit_mib: 100 });
  for (let second = 0; second < 20; second++) await hard.at(110);
  assert.ok(hard.memory.collections >= 4 && hard.memory.collections <= 6, `${hard.memory.collections} collections`);
});

test('stops measuring when its last user stops', async () => {
  const { guard, clock, memory, at } = await setUp({ limit_mib: 100 });
  guard.start();
  guard.stop();
  assert.equal(await at(90), true);
  assert.equal(await at(10), false);
  guard.stop();
  memory.usedMib = 200;
  await clock.advance(60_000);
  assert.equal(guard.refusing(), false);
});

const wrong: [string, object, RegExp][] = [
  ['no check_interval', { limit_mib: 1 }, /'check_interval' must be greater than zero/],
  ['no limit', { check_interval: '1s' }, /'limit_mib' or 'limit_percentage' must be greater than zero/],
  [
    'a spike above the limit',
    { check_interval: '1s', limit_mib: 1, spike_limit_mib: 2 },
    /must be smaller than 'limit_mib'/,
  ],
];
for (const [what, config, message] of wrong) {
  test(`does not accept ${what}`, () => {
    assert.match(memoryLimiterConfig.safeParse(config).error!.message, message);
  });
}
