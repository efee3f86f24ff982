import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestStore } from './testing/store.ts';

test('answers SELECT 1 over the socket', async (t) => {
  const { client } = await openTestStore(t);
  const answer = await client.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' });
  assert.deepEqual(await answer.json(), [{ one: 1 }]);
});
