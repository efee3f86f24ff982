import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import { config } from './config.ts';
import type { ThreadSetup } from './messages.ts';
import { createRules } from './rules.ts';

const ownPid = 7;

function rulesOf(processes: object) {
  const setup = { config: config.parse({ processes }), pid: ownPid } as ThreadSetup;
  return createRules(setup, {} as SocketsProgram, () => {});
}

const cases: [name: string, processes: object, unknown: boolean, unseen: boolean][] = [
  ['without options all is told', {}, false, false],
  ['of chosen executables', { include: ['/usr/bin/*'] }, true, true],
  ['of chosen cgroups', { cgroups: ['/sys/fs/cgroup/none'] }, true, true],
  [
    'a process that was not seen matches no pattern, and one that is not known may',
    { exclude: ['**/sshd'] },
    true,
    false,
  ],
];
for (const [name, processes, unknown, unseen] of cases) {
  test(`of whom nothing is known: ${name}`, () => {
    const rules = rulesOf(processes);
    assert.equal(rules.isIgnored(0), unknown);
    assert.equal(rules.isIgnored(1234), unseen);
    assert.equal(rules.isIgnored(ownPid), true);
  });
}
