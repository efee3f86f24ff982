import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLane } from './lane.ts';

test('lets so many in, the others in order as places become free', async () => {
  const lane = createLane(2, 10);
  const entered: number[] = [];
  const enter = async (id: number) => {
    const leave = await lane.enter();
    entered.push(id);
    return leave;
  };
  const leaveFirst = await enter(1);
  await enter(2);
  const third = enter(3);
  const fourth = enter(4);
  assert.deepEqual(entered, [1, 2]);
  leaveFirst();
  leaveFirst();
  (await third)();
  await fourth;
  assert.deepEqual(entered, [1, 2, 3, 4]);
  assert.equal(lane.running, 2);
});

test('turns away when too many wait, and forgets who gave up', async () => {
  const lane = createLane(1, 1);
  const leave = await lane.enter();
  const gone = new AbortController();
  const waiting = lane.enter(gone.signal);
  await assert.rejects(lane.enter(), { code: 202 });
  gone.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  leave();
  assert.equal(lane.running, 0);
  await lane.enter();
});
