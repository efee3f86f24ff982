import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compile, findClang } from '../../programs/clang.ts';
import { forbidden } from './fixture.ts';

const examples = join(import.meta.dirname, '..', 'examples');

test('the example prints what is executed, and ends at Ctrl-C', { skip: forbidden }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'libbpfjs-example-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const object = join(folder, 'exec.bpf.o');
  compile(findClang()!, join(examples, 'exec.bpf.c'), object);
  const example = spawn(process.execPath, [join(examples, 'exec.ts'), object, String(process.getuid!())], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => example.kill('SIGKILL'));
  let printed = '';
  example.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const seen = () => /^\d+\t0\ttrue$/m.test(printed);
  for (let i = 0; i < 100 && !seen(); i++) {
    spawnSync('/bin/true');
    await sleep(50);
  }
  assert.ok(seen(), printed);
  example.kill('SIGINT');
  const [code] = await once(example, 'exit');
  assert.equal(code, 0);
});
