import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FromThread } from '../../component/capture/messages.ts';
import { createTellLost } from './failures.ts';

test('lost events are told at once, then at most once a minute what was lost since', () => {
  const posted: FromThread[] = [];
  let ms = 5;
  const tell = createTellLost(
    (message) => posted.push(message),
    1 << 20,
    () => ms,
  );
  const lines = () => posted.splice(0).map((line) => line.type === 'log' && [line.level, line.fields.events]);
  tell(0);
  assert.deepEqual(lines(), []);
  tell(7);
  ms += 59_999;
  tell(10);
  assert.deepEqual(lines(), [['warn', 7]]);
  ms += 1;
  tell(12);
  assert.deepEqual(lines(), [['warn', 5]]);
  ms += 600_000;
  tell(12);
  assert.deepEqual(lines(), []);
});
