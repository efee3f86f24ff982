import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { cpuSeconds, peakRssMb, processTree, resetPeakRss, rssMb } from './proc.ts';

test('counts the CPU time and memory of this process', () => {
  const pids = [process.pid];
  const before = cpuSeconds(pids);
  const untilMs = Date.now() + 300;
  const chunks: Buffer[] = [];
  while (Date.now() < untilMs) if (chunks.length < 60) chunks.push(Buffer.alloc(1_000_000, 1));
  assert.ok(cpuSeconds(pids) - before > 0.1);
  assert.ok(rssMb(pids) > 60 && peakRssMb(pids) >= rssMb(pids));
  resetPeakRss(pids);
  assert.ok(peakRssMb(pids) > 60);
});

test('finds the children of a process, and forgives those that ended', async () => {
  const child = spawn('sleep', ['5']);
  assert.ok(processTree(process.pid).includes(child.pid!));
  child.kill();
  await new Promise((resolve) => child.on('close', resolve));
  assert.ok(!processTree(process.pid).includes(child.pid!));
  assert.equal(cpuSeconds([child.pid!]), 0);
});
