/** Connections are known by what they say: on a port that nobody has registered as on their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parserSeeds, recognise } from './fuzz/parser-seeds.ts';

const port = 20_000;

test('every conversation at hand is recognised on a port that no protocol is registered for', async (t) => {
  const seeds = await parserSeeds();
  let count = 0;
  for (const [protocol, conversations] of seeds) {
    for (const conversation of conversations) {
      assert.equal(recognise({ ...conversation, serverPort: port }), protocol);
      count++;
    }
  }
  assert.ok(seeds.has('http1') && seeds.has('tls') && seeds.has('websocket'));
  // Without the conformance set these are only this project's own captures and what is recorded here.
  t.diagnostic(`${count} conversations of ${seeds.size} protocols`);
});
