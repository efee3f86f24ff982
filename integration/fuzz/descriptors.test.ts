/** The committed descriptors are those of the published OTLP definitions; needs Python. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const venv = join(root, '.cache/otlp-proto');

test('pdata/schema/descriptors.gen.ts is what the descriptors of opentelemetry-proto say', { timeout: 300_000 }, () => {
  execFileSync('python3', ['-m', 'venv', venv]);
  const requirements = join(import.meta.dirname, 'requirements.txt');
  execFileSync(join(venv, 'bin/pip'), ['install', '-q', '--disable-pip-version-check', '-r', requirements]);
  const script = join(import.meta.dirname, 'descriptors.py');
  const printed = execFileSync(join(venv, 'bin/python'), [script], { encoding: 'utf8' });
  assert.equal(readFileSync(join(root, 'pdata/schema/descriptors.gen.ts'), 'utf8'), printed);
});
