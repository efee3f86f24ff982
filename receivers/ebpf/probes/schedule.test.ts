/** When processes are looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Schedule } from './schedule.ts';

function create() {
  const clock = { ms: 0 };
  return { clock, schedule: new Schedule(() => clock.ms) };
}

function looksUntil(schedule: Schedule, clock: { ms: number }, endMs: number): [number, number][] {
  const looks: [number, number][] = [];
  for (; clock.ms <= endMs; clock.ms += 10) {
    for (let pid = schedule.take(); pid !== undefined; pid = schedule.take()) looks.push([pid, clock.ms]);
  }
  return looks;
}

test('a new process is looked at while its libraries are being loaded, and then no more', () => {
  const { clock, schedule } = create();
  schedule.start(7, false);
  const looks = looksUntil(schedule, clock, 60_000);
  assert.deepEqual(looks, [
    [7, 60],
    [7, 400],
    [7, 2000],
    [7, 10_000],
  ]);
});

test('an executable that was not seen before is looked at at once, and often while its libraries come', () => {
  const { clock, schedule } = create();
  schedule.start(7, true);
  assert.deepEqual(looksUntil(schedule, clock, 60), [
    [7, 0],
    [7, 10],
    [7, 30],
    [7, 60],
  ]);
  assert.equal(schedule.restMs, 400 - clock.ms);
});

test('looks that are late are made up for by one', () => {
  const { clock, schedule } = create();
  schedule.start(7, false);
  clock.ms = 3000;
  assert.deepEqual(looksUntil(schedule, clock, 4000), [[7, 3000]]);
});

test('a process that ended is not looked at', () => {
  const { clock, schedule } = create();
  schedule.start(7, true);
  schedule.again(7);
  schedule.end(7);
  assert.deepEqual(looksUntil(schedule, clock, 20_000), []);
});

test('encrypted connections ask for a look once in five seconds', () => {
  const { clock, schedule } = create();
  const looks: number[] = [];
  for (; clock.ms < 12_000; clock.ms += 100) {
    schedule.again(7);
    if (schedule.take() !== undefined) looks.push(clock.ms);
  }
  assert.deepEqual(looks, [0, 5000, 10_000]);
});

test('of too many processes at once the oldest are dropped and counted', () => {
  const { clock, schedule } = create();
  for (let pid = 1; pid <= 8200; pid++) schedule.start(pid, false);
  assert.equal(schedule.dropped, 8);
  const looks = looksUntil(schedule, clock, 60);
  assert.equal(looks.length, 8192);
  assert.equal(looks[0]![0], 9);
});
