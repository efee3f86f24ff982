import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { QueryError } from '../errors.ts';
import { openQueriedStore } from '../testing/store.ts';
import { Params } from './params.ts';

const { store } = await openQueriedStore({ after });

test('values are bound, whatever they hold', async () => {
  const params = new Params();
  const text = "it's \\ \n\t{p0:String} ; --";
  const sql = `SELECT ${params.add('String', text)} AS text, ${params.add('Array(String)', ["a'b", ''])} AS list, ${params.add('Int64', '9007199254740993')} AS big`;
  assert.deepEqual(await store.select(sql, params), [{ text, list: ["a'b", ''], big: '9007199254740993' }]);
});

test('queries that were given up do not stand in the way of those after them', { timeout: 30_000 }, async () => {
  for (let round = 0; round < 15; round++) {
    // At every moment of their life, from before the store knows of them.
    const givenUp = Array.from({ length: 12 }, (_, at) => {
      const signal = AbortSignal.timeout(at * 4);
      return store.select('SELECT sum(cityHash64(number)) FROM numbers(100000000000)', undefined, signal);
    });
    for (const outcome of await Promise.allSettled(givenUp)) {
      assert.equal(outcome.status === 'rejected' && (outcome.reason as QueryError).code, 'CANCELLED');
    }
    assert.deepEqual(await store.select('SELECT 1 AS one'), [{ one: 1 }]);
  }
});
