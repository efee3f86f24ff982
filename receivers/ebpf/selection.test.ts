/** Processes are chosen by the path of what they execute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessIdentity } from '../../host/identity.ts';
import { createSelection } from './selection.ts';

const identity = (executable: string | undefined, pid = 10, parentPid = 1) =>
  ({
    pid,
    facts: { executable, parentPid, denied: executable === undefined, isKernelThread: false },
  }) as ProcessIdentity;

function selection(include: string[], exclude: string[], { cgroups = [] as string[], excludeOwn = true } = {}) {
  const unreadable: number[] = [];
  const select = createSelection({
    processes: { include, exclude, cgroups },
    ownPid: 77,
    excludeOwn,
    onUnreadable: ({ pid }) => unreadable.push(pid),
  });
  return { select, unreadable };
}

const cases: [include: string[], exclude: string[], path: string | undefined, verdict: string][] = [
  [[], [], '/usr/bin/curl', 'default'],
  [[], ['/usr/bin/*'], '/usr/bin/curl', 'no'],
  [['/usr/bin/*'], [], '/usr/bin/curl', 'yes'],
  [['/usr/bin/*'], [], '/usr/bin/x/curl', 'no'],
  [['**/node'], [], '/home/a/.runtime/bin/node', 'yes'],
  [['**/python3*'], ['**/python3.1?'], '/usr/bin/python3.11', 'no'],
  [['/a.b'], [], '/axb', 'no'],
  [['/usr/**'], [], undefined, 'no'],
];
for (const [include, exclude, path, verdict] of cases) {
  test(`${path} with include ${include} and exclude ${exclude}: ${verdict}`, () => {
    assert.equal(selection(include, exclude).select(identity(path), false), verdict);
  });
}

test('the collector and the processes it started are left out, unless they are wanted', () => {
  const { select } = selection([], []);
  assert.equal(select(identity('/x', 77), false), 'no');
  assert.equal(select(identity('/x', 78, 77), false), 'no');
  assert.equal(selection([], [], { excludeOwn: false }).select(identity('/x', 78, 77), false), 'default');
});

test('with cgroups the kernel decides, of those that the patterns leave', () => {
  const { select } = selection(['/a/*'], ['/a/bad'], { cgroups: ['/c'] });
  assert.equal(select(identity('/a/b'), false), 'default');
  assert.equal(select(identity('/a/b'), true), 'outside');
  assert.equal(select(identity('/a/bad'), false), 'no');
  assert.equal(select(identity('/b'), false), 'no');
});

test('patterns that cannot be asked about a process are told of', () => {
  const { select, unreadable } = selection(['/a/*'], []);
  assert.equal(select(identity(undefined, 12), false), 'no');
  assert.equal(select(identity('/b', 13), false), 'no');
  assert.deepEqual(unreadable, [12]);
  const all = selection([], []);
  assert.equal(all.select(identity(undefined, 12), false), 'default');
  assert.deepEqual(all.unreadable, []);
});
