import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCaptureClock } from '../../../flow/packet/clock.ts';
import { readLogs } from '../testing/tcp-events.ts';
import { ProcessRecords } from './records.ts';

const owner = { key: 'a', serviceName: 'shop', resource: () => new Uint8Array(0) };
const clock = createCaptureClock(1_700_000_000);

const ends: [name: string, status: number, expected: Record<string, unknown>][] = [
  ['by itself', 0, { 'process.exit.code': 0 }],
  ['with a code', 3 << 8, { 'process.exit.code': 3 }],
  ['by a signal', 9, { 'deepflow.process.exit.signal': 'SIGKILL' }],
  ['by a signal, leaving a core', 11 | 0x80, { 'deepflow.process.exit.signal': 'SIGSEGV' }],
];

for (const [name, length, expected] of ends) {
  test(`tells of a process that ended ${name}`, () => {
    const records = new ProcessRecords({ clock, version: '1', maxPendingBytes: 1000, timeOf: (ns) => ns });
    records.exit({ timeNs: 1e9, length }, owner);
    const [log] = readLogs(records.drain());
    assert.equal(log!.event, 'deepflow.process');
    assert.deepEqual(log!.attributes, { 'deepflow.process.event': 'exit', ...expected });
  });
}

test('tells what was executed', () => {
  const records = new ProcessRecords({ clock, version: '1', maxPendingBytes: 1000, timeOf: (ns) => ns });
  records.exec({ timeNs: 1e9 }, '/usr/bin/env', owner);
  const [log] = readLogs(records.drain());
  assert.equal(log!.timeNs, 1_700_000_001_000_000_000n);
  assert.deepEqual(log!.attributes, { 'deepflow.process.event': 'exec', 'process.executable.path': '/usr/bin/env' });
});
