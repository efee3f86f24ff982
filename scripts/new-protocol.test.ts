/** `npm run new protocol NAME`: what it makes works, and bad names are refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'new-protocol-'));
after(() => rmSync(copy, { recursive: true, force: true }));

// What a protocol and its tests need, without the tests and captures of the others.
for (const layer of ['flow', 'wire', 'pdata']) {
  cpSync(join(root, layer), join(copy, layer), {
    recursive: true,
    filter: (path) => path.includes('example') || !/(\.test\.ts|\.pcap|\.pcapng|\.gz|\.zst)$/.test(path),
  });
}
for (const file of ['package.json', 'tsconfig.json', 'biome.json']) cpSync(join(root, file), join(copy, file));
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

function make(...words: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'new.mjs'), ...words], {
    env: { ...process.env, NEW_ROOT: copy },
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

test('makes a protocol whose tests pass', () => {
  const { status, text } = make('protocol', 'zz_top', 'ZZ/Top');
  assert.equal(status, 0, text);
  const list = readFileSync(join(copy, 'flow/l7/protocols.ts'), 'utf8');
  assert.match(list, /import zz_top from '\.\/zz_top\/index\.ts';/);
  assert.match(list.slice(list.indexOf('export const')), /\bzz_top,?\s*\]/);
  assert.match(readFileSync(join(copy, 'flow/l7/zz_top/index.ts'), 'utf8'), /label: 'ZZ\/Top'/);
  assert.ok(existsSync(join(copy, 'flow/l7/zz_top/captures/zz_top.golden.txt')));

  // A test that runs under the test runner would report to it instead of passing or failing by itself.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = spawnSync(process.execPath, ['--test', 'flow/l7/zz_top/zz_top.test.ts'], {
    cwd: copy,
    env,
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stdout);
  assert.match(run.stdout, /pass [1-9]/);
});

test('refuses names that are taken, or no names', () => {
  for (const [words, reason] of [
    [['protocol', 'redis'], /is there already/],
    [['protocol', 'My-Proto'], /cannot name a protocol/],
    [['protocol', 'class'], /cannot name a protocol/],
    [['protocol'], /npm run new protocol NAME/],
    [['receiver', 'x'], /npm run new protocol NAME/],
  ] as const) {
    const { status, text } = make(...words);
    assert.notEqual(status, 0);
    assert.match(text, reason);
  }
});
