import assert from 'node:assert/strict';
import { test } from 'node:test';
import { protocolNames } from './names.ts';
import { protocols } from './protocols.ts';

test('every protocol has its name in the list that configurations are checked against', () => {
  assert.deepEqual([...protocolNames].sort(), protocols.map(({ name }) => name).sort());
});
