import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Features, probeFeatures } from '../src/index.ts';
import { fixturePath, forbidden } from './fixture.ts';

const child = join(import.meta.dirname, 'child.ts');

/** Numbers of all links in the kernel, as another program lists them. */
function links(): Set<number> {
  const listed: { id: number }[] = JSON.parse(execFileSync('bpftool', ['-j', 'link', 'list'], { encoding: 'utf8' }));
  return new Set(listed.map((link) => link.id));
}

async function assertGone(ids: number[]): Promise<void> {
  // The kernel frees links a little after their last descriptor is closed.
  for (let i = 0; i < 100 && ids.some((id) => links().has(id)); i++) await sleep(50);
  assert.deepEqual(
    ids.filter((id) => links().has(id)),
    [],
  );
}

test('nothing stays attached when the process is killed', { skip: forbidden }, async () => {
  const process_ = spawn(process.execPath, [child, 'hold'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(process_.stdout, 'data');
  const ids: number[] = JSON.parse(`${line}`);
  assert.equal(ids.length, 2);
  assert.ok(ids.every((id) => links().has(id)));
  process_.kill('SIGKILL');
  await once(process_, 'exit');
  await assertGone(ids);
});

test('nothing stays attached when a worker thread is terminated', { skip: forbidden }, async () => {
  const worker = new Worker(child);
  const [ids]: [number[]] = (await once(worker, 'message')) as [number[]];
  assert.ok(ids.every((id) => links().has(id)));
  await worker.terminate();
  await assertGone(ids);
});

/** Runs the child as nobody with these capabilities, in place of which root would be of no use. */
function asNobody(capabilities: string[], ...args: string[]): string {
  const path = fixturePath();
  chmodSync(dirname(path), 0o755);
  const set = ['-all', ...capabilities.map((one) => `+${one}`)].join(',');
  const flags = ['--reuid=65534', '--regid=65534', '--clear-groups', `--inh-caps=${set}`];
  if (capabilities.length > 0) flags.push(`--ambient-caps=${set}`);
  const { stdout, stderr, status } = spawnSync('setpriv', [...flags, '--', process.execPath, child, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('without permission the error says what is needed', { skip: forbidden }, () => {
  const error = JSON.parse(asNobody([], 'load', fixturePath()));
  assert.equal(error.name, 'BpfError');
  assert.equal(error.code, 'EPERM');
  assert.match(error.message, /loading .*fixture\.bpf\.o.*eBPF needs root, or CAP_BPF and CAP_PERFMON/);
  assert.notEqual(error.log, '');
});

test('features tell why they are absent', { skip: forbidden }, () => {
  const none: Features = JSON.parse(asNobody([], 'features'));
  assert.deepEqual(none.capabilities, []);
  for (const feature of [none.programs.tp_btf, none.programs.raw_tracepoint, none.ringBuffer, none.uprobeMulti]) {
    assert.ok(!feature.available);
    assert.equal(feature.code, 'EPERM');
    assert.match(feature.reason, /CAP_BPF and CAP_PERFMON/);
  }
  assert.ok(none.btf.available);
  const some: Features = JSON.parse(asNobody(['bpf', 'perfmon'], 'features'));
  assert.deepEqual(some.capabilities, ['CAP_PERFMON', 'CAP_BPF']);
  assert.ok(some.programs.tp_btf.available && some.ringBuffer.available && some.taskStorage.available);
  assert.ok(!some.programs.sock_ops.available);
});

test('root has every feature of a kernel that knows them', { skip: forbidden }, () => {
  const features = probeFeatures();
  const [major = 0, minor = 0] = features.kernelVersion.split('.').map(Number);
  const since = (wantedMajor: number, wantedMinor: number) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  assert.equal(features.ringBuffer.available, since(5, 8));
  assert.equal(features.taskStorage.available, since(5, 11));
  assert.equal(features.uprobeMulti.available, since(6, 6));
  assert.match(features.libbpfVersion!, /^v\d+\.\d+/);
  assert.ok(features.capabilities.includes('CAP_SYS_ADMIN'));
});

test('probing leaves nothing open', { skip: forbidden }, () => {
  probeFeatures();
  const before = new Set(readdirSync('/proc/self/fd'));
  for (let i = 0; i < 3; i++) probeFeatures();
  assert.deepEqual(
    readdirSync('/proc/self/fd').filter((fd) => !before.has(fd)),
    [],
  );
});
