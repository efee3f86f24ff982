import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIdentityCache } from '../../host/identity-cache.ts';
import { listProcesses } from '../../host/processes.ts';
import { Owners } from './owners.ts';

test('kernel threads, which are in /proc like processes, are told apart: their ends are not told', (t) => {
  const identities = createIdentityCache({ maxEntries: 100_000, graceMs: 1000 });
  const owners = new Owners({ identities, hostName: 'host', onProcess: () => true });
  owners.of(process.pid);
  assert.equal(owners.lastKnown(process.pid)?.isProcess, true);
  // kthreadd and all its children have no memory of their own.
  const thread = listProcesses().find((pid) => identities.identify(pid)?.facts.isKernelThread);
  if (thread === undefined) return t.skip('no kernel thread is in this pid namespace');
  owners.of(thread);
  assert.equal(owners.lastKnown(thread)?.isProcess, false);
});
