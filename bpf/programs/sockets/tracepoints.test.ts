import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingPermission } from './testing/capture.ts';

/** Classic tracepoints are found in tracefs, which many hosts do not mount; a mount namespace of its own has it for these tests. */
test('classic tracepoints tell what the others tell', { skip: missingPermission() ?? false }, (t) => {
  const calls = fileURLToPath(new URL('calls.test.ts', import.meta.url));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const script =
    'mount -t tracefs tracefs /sys/kernel/tracing || exit 77; exec "$0" --test --test-name-pattern "calls by tracepoint" "$1"';
  const run = spawnSync('unshare', ['-m', 'sh', '-c', script, process.execPath, calls], {
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (run.status === 77 || run.error !== undefined)
    return t.skip(`tracefs cannot be mounted: ${run.error?.message ?? run.stderr}`);
  assert.equal(run.status, 0, run.stdout);
  assert.match(run.stdout, /pass 2\d\n/);
});
