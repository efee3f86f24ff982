import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeStatus } from './messages.ts';
import { createUnseen } from './unseen.ts';

const tenMinutes = 600_000;

test('a reason is told once for a library, then how many more processes had it, every ten minutes', () => {
  const lines: string[] = [];
  let ms = 0;
  const unseen = createUnseen({
    tell: (message, { pid = '', processes = '', library, reason }) =>
      lines.push(`${message}: ${pid}${processes} ${library}, ${reason}`),
    now: () => ms,
  });
  const add = (pid: number, library: string, reason: string) =>
    unseen.add({ pid, path: '/x', library, covered: false, helps: false, reason } satisfies ProbeStatus);
  for (let pid = 1; pid <= 300; pid++) add(pid, 'go go1.20', 'stripped');
  add(301, 'go go1.21', 'stripped');
  for (const pid of [302, 303]) add(pid, 'openssl 3.0.15', `probing /proc/${pid}/root/usr/lib/libssl.so.3: EPERM`);
  unseen.tick();
  assert.deepEqual(lines.splice(0), [
    'The plaintext of a process is not seen: 1 go go1.20, stripped',
    'The plaintext of a process is not seen: 301 go go1.21, stripped',
    'The plaintext of a process is not seen: 302 openssl 3.0.15, probing /proc/302/root/usr/lib/libssl.so.3: EPERM',
  ]);
  ms += tenMinutes;
  unseen.tick();
  assert.deepEqual(lines.splice(0), [
    'The plaintext of more processes is not seen: 299 go go1.20, stripped',
    'The plaintext of more processes is not seen: 1 openssl 3.0.15, probing /proc/302/root/usr/lib/libssl.so.3: EPERM',
  ]);
  add(400, 'go go1.20', 'stripped');
  unseen.tick();
  assert.deepEqual(lines, []);
  ms += 2 * tenMinutes;
  unseen.tick();
  unseen.tick();
  assert.deepEqual(lines, ['The plaintext of more processes is not seen: 1 go go1.20, stripped']);
});
