/** Processes are chosen by the path of what they execute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessIdentity } from '../../host/identity.ts';
import { createSelection } from './selection.ts';

const identity = (executable: string | undefined, pid = 10, parentPid = 1) =>
  ({ pid, facts: { executable, parentPid } }) as ProcessIdentity;

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
    assert.equal(createSelection({ include, exclude, cgroups: [], events: true }, 5, true)(identity(path)), verdict);
  });
}

test('the collector and the processes it started are left out, unless they are wanted', () => {
  const everything = { include: [], exclude: [], cgroups: [], events: true };
  assert.equal(createSelection(everything, 77, true)(identity('/x', 77)), 'no');
  assert.equal(createSelection(everything, 77, true)(identity('/x', 78, 77)), 'no');
  assert.equal(createSelection(everything, 77, false)(identity('/x', 78, 77)), 'default');
});
