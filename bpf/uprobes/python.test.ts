/** Python's contexts are found in the Pythons that are installed here, by what extensions need of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { withElf } from '../elf/file.ts';
import { findFunctions } from '../elf/symbols.ts';
import { pythonPoints } from './python.ts';

const where = `
import os, sys, sysconfig
library = os.path.join(sysconfig.get_config_var('LIBDIR'), sysconfig.get_config_var('INSTSONAME') or '')
print(library)
print(os.path.realpath(sys.executable))
`;
const pythons = ['python3', '/usr/bin/python3'].flatMap((program) => {
  try {
    const said = execFileSync(program, ['-c', where], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    // A small executable has all of Python in the library.
    return said
      .trim()
      .split('\n')
      .filter((path) => existsSync(path) && statSync(path).size > 1 << 20);
  } catch {
    return [];
  }
});

for (const path of new Set(pythons)) {
  test(`where contexts are entered and copied in ${path}`, () => {
    const points = withElf(path, pythonPoints) ?? [];
    const programs = points.map(({ program }) => program);
    for (const program of ['python_context_enter', 'python_context_copy_leave'] as const)
      assert.ok(programs.includes(program), program);
    // Not stripped, the file itself says where the method's function is.
    const named = withElf(path, (file) => findFunctions(file, ['context_run']).get('context_run'));
    const run = points.find(({ symbol }) => symbol === 'Context.run')!;
    if (named !== undefined) assert.ok(run.offset >= named.offset && run.offset < named.offset + named.size);
    assert.notEqual(run.execution, 'step');
  });
}

test('there are none in a program that is no Python', () => {
  assert.ok(pythons.length > 0, 'a Python is installed');
  assert.equal(withElf(process.execPath, pythonPoints), undefined);
});
