/** The conformance captures, where they are: every fact of the kinds that are read must be found. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runConformance } from './conformance/run.ts';

const folder = join(import.meta.dirname, '..', '..', 'shared', 'conformance');

test('finds every fact of every capture, or says why not', async (context) => {
  if (!existsSync(folder)) return context.diagnostic(`${folder} is not there: nothing is compared`);
  const lines: string[] = [];
  const { facts, files, policy } = await runConformance(folder, '', (line) => lines.push(line));
  context.diagnostic(`${files.passed} files, ${facts.passed} facts, ${policy.passed} conventions agree`);
  assert.deepEqual(
    lines.filter((line) => !line.includes(' skipped: ')),
    [],
  );
  assert.equal(facts.failed, 0);
  assert.ok(facts.passed > 0);
});

test('says that there is no folder, and passes', () => {
  const program = join(import.meta.dirname, 'conformance', 'main.ts');
  const { status, stdout } = spawnSync(process.execPath, [program, '/nowhere'], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.match(stdout, /^\/nowhere is not there: nothing is compared/);
});
