import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AttachTarget, type BpfObject, enableRunTimeStats } from '../src/index.ts';
import { buildTarget, countAt, forbidden, openFixture } from './fixture.ts';

const u32 = (number: number) => new Uint32Array([number]);

/** Counts system calls of this process only. */
function loadOwn(object: BpfObject): BpfObject {
  object.setRodata('only_pid', process.pid);
  object.load();
  return object;
}

function callKernel(times: number): void {
  for (let i = 0; i < times; i++) process.memoryUsage.rss();
}

const systemCallCases: [name: string, program: string, target: AttachTarget, place: 'tp_btf' | 'raw'][] = [
  ['a tracepoint with types', 'on_tp_btf', { kind: 'auto' }, 'tp_btf'],
  ['a raw tracepoint of its section', 'on_raw', { kind: 'auto' }, 'raw'],
  ['a raw tracepoint by name', 'on_raw', { kind: 'raw_tracepoint', name: 'sys_exit' }, 'raw'],
];

for (const [name, program, target, place] of systemCallCases) {
  test(`runs at ${name} until it is detached`, { skip: forbidden }, (t) => {
    const object = loadOwn(openFixture(t));
    const link = object.program(program).attach(target);
    callKernel(200);
    const during = countAt(object.map('runs'), place);
    assert.ok(during >= 200, `${during} runs`);
    const info = link.info();
    assert.equal(info.programId, object.program(program).info().id);
    assert.equal(info.type, 'raw_tracepoint');
    link.detach();
    link.detach();
    const after = countAt(object.map('runs'), place);
    callKernel(200);
    assert.equal(countAt(object.map('runs'), place), after);
    assert.throws(() => link.info(), { code: 'EBADF', message: /it was detached/ });
    assert.throws(() => link.fd, { code: 'EBADF' });
  });
}

test('an iterator is read as often as wanted, in pieces of any size', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const link = object.program('each_process').attach({ kind: 'auto' });
  assert.equal(link.info().type, 'iter');
  for (const room of [4, 100, 65_536]) {
    const bytes = link.read(new Uint8Array(room));
    const processes = new Uint32Array(bytes.slice().buffer);
    assert.ok(processes.includes(process.pid) && processes.includes(1), `${processes.length} processes`);
  }
  link.detach();
  assert.throws(() => link.read(), { code: 'EBADF', message: /it was detached/ });
});

test('only an iterator is read', { skip: forbidden }, (t) => {
  const object = loadOwn(openFixture(t));
  const link = object.program('on_tp_btf').attach({ kind: 'auto' });
  assert.throws(() => link.read(), { code: 'EINVAL', operation: 'reading an iterator' });
  link.detach();
});

test('a link keeps its program when the object is closed', { skip: forbidden }, (t) => {
  const object = loadOwn(openFixture(t));
  const link = object.program('on_tp_btf').attach({ kind: 'auto' });
  object.close();
  assert.ok(link.info().programId > 0);
  link.detach();
});

test('runs at samples of the clock', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const program = object.program('on_clock');
  const link = program.attach({ kind: 'perf_event', cpu: -1, pid: process.pid, period: 1_000_000 });
  for (const begin = performance.now(); performance.now() - begin < 200; );
  const samples = countAt(object.map('runs'), 'perf');
  assert.ok(samples > 10, `${samples} samples of 200 ms at 1,000 Hz`);
  assert.equal(link.info().type, 'perf_event');
  link.detach();
  const frequent = program.attach({ kind: 'perf_event', cpu: 0, frequency: 100 });
  frequent.detach();
  assert.throws(() => program.attach({ kind: 'perf_event', cpu: 9_999, frequency: 100 }), {
    message: /the clock of CPU 9999/,
  });
});

test('runs at a function’s entry and return, with a cookie', { skip: forbidden }, (t) => {
  const target = buildTarget();
  const object = openFixture(t);
  object.load();
  const entry = object
    .program('on_uprobe')
    .attach({ kind: 'uprobe', path: target.path, offset: target.offsets.probed, cookie: 3n });
  const back = object
    .program('on_uretprobe')
    .attach({ kind: 'uprobe', path: target.path, offset: target.offsets.probed, isReturn: true, cookie: 5n });
  target.run(100);
  assert.deepEqual(
    ['uprobe', 'uretprobe'].map((place) => countAt(object.map('runs'), place as 'uprobe')),
    [100, 100],
  );
  assert.deepEqual(
    ['uprobe', 'uretprobe'].map((place) => countAt(object.map('cookies'), place as 'uprobe')),
    [300, 500],
  );
  entry.detach();
  back.detach();
  target.run(100);
  assert.equal(countAt(object.map('runs'), 'uprobe'), 100);
});

test('a probe in one process leaves others alone', { skip: forbidden }, (t) => {
  const target = buildTarget();
  const object = openFixture(t);
  object.load();
  const place = { path: target.path, pid: process.pid };
  const one = object.program('on_uprobe').attach({ kind: 'uprobe', ...place, offset: target.offsets.probed });
  const many = object.program('on_multi').attach({ kind: 'uprobe_multi', ...place, offsets: [target.offsets.other] });
  target.run(10);
  assert.equal(countAt(object.map('runs'), 'uprobe'), 0);
  assert.equal(countAt(object.map('runs'), 'multi'), 0);
  one.detach();
  many.detach();
});

test('runs at many functions through one link, each with its cookie', { skip: forbidden }, (t) => {
  const target = buildTarget();
  const object = openFixture(t);
  object.load();
  const offsets = [target.offsets.probed, target.offsets.other];
  const program = object.program('on_multi');
  const link = program.attach({ kind: 'uprobe_multi', path: target.path, offsets, cookies: [1n, 1000n] });
  assert.equal(link.info().type, 'uprobe_multi');
  target.run(100);
  assert.equal(countAt(object.map('runs'), 'multi'), 200);
  assert.equal(countAt(object.map('cookies'), 'multi'), 100_100);
  link.detach();
  const returns = program.attach({ kind: 'uprobe_multi', path: target.path, offsets, isReturn: true });
  target.run(100);
  assert.equal(countAt(object.map('runs'), 'multi'), 400);
  returns.detach();
  target.run(100);
  assert.equal(countAt(object.map('runs'), 'multi'), 400);
});

test('says where a probe could not be put', { skip: forbidden }, (t) => {
  const object = openFixture(t);
  object.load();
  const missing = { kind: 'uprobe', path: '/nowhere/libssl.so', offset: 16 } as const;
  assert.throws(() => object.program('on_uprobe').attach(missing), {
    code: 'ENOENT',
    operation: 'attaching program on_uprobe to /nowhere/libssl.so at 16',
  });
  assert.throws(
    () => object.program('on_multi').attach({ kind: 'uprobe_multi', path: '/nowhere/x', offsets: [1, 2] }),
    { code: 'ENOENT', operation: 'attaching program on_multi to /nowhere/x at 2 offsets' },
  );
  const uneven = { kind: 'uprobe_multi', path: '/bin/sh', offsets: [1, 2], cookies: [1n] } as const;
  assert.throws(() => object.program('on_multi').attach(uneven), { message: /as many cookies as offsets/ });
  assert.throws(() => object.program('on_uprobe').attach({ kind: 'auto' }), {
    message: /section uprobe names no place/,
  });
  assert.throws(() => object.program('on_raw').attach({ kind: 'raw_tracepoint', name: 'nonsense' }), {
    code: 'ENOENT',
  });
  assert.throws(() => object.program('on_sockops').attach({ kind: 'cgroup', path: '/nowhere' }), { code: 'ENOENT' });
  assert.throws(() => object.program('on_sockops').attach({ kind: 'cgroup', path: '/tmp' }), { code: 'EBADF' });
});

test('runs for the sockets of a cgroup', { skip: forbidden }, (t) => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const root = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined) return t.skip('no cgroup 2 file system is mounted');
  const cgroup = join(root, `libbpfjs-${process.pid}`);
  mkdirSync(cgroup);
  t.after(() => rmdirSync(cgroup));
  const object = openFixture(t);
  object.load();
  const link = object.program('on_sockops').attach({ kind: 'cgroup', path: cgroup });
  assert.equal(link.info().type, 'cgroup');
  const connect = `
    const server = require('node:net').createServer((socket) => socket.end()).listen(0, '127.0.0.1', () => {
      require('node:net').connect(server.address().port, '127.0.0.1').on('close', () => server.close()).resume();
    });`;
  const inside = `echo $$ > ${cgroup}/cgroup.procs && exec "${process.execPath}" -e "$0"`;
  const { status, stderr } = spawnSync('sh', ['-c', inside, connect], { encoding: 'utf8', timeout: 30_000 });
  assert.equal(status, 0, stderr);
  assert.ok(countAt(object.map('runs'), 'sockops') > 0);
  link.detach();
});

test('runs at a tracepoint of tracefs', { skip: forbidden }, () => {
  const child = [process.execPath, join(import.meta.dirname, 'child.ts'), 'tracepoint'].map((word) => `"${word}"`);
  const inside = `mount -t tracefs tracefs /sys/kernel/tracing && exec ${child.join(' ')}`;
  const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', inside], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(status, 0, stderr);
  const { runs, id, tracefs } = JSON.parse(stdout);
  assert.deepEqual(tracefs, { available: true });
  assert.ok(runs >= 5, `${runs} runs`);
  assert.ok(id > 0);
});

test('counts runs and their time while statistics are on', { skip: forbidden }, (t) => {
  const object = loadOwn(openFixture(t));
  const program = object.program('on_tp_btf');
  const statistics = enableRunTimeStats();
  t.after(() => statistics.close());
  const link = program.attach({ kind: 'auto' });
  callKernel(200);
  link.detach();
  const { runCount, runTimeNs } = program.info();
  assert.ok(runCount >= 200, `${runCount}`);
  assert.ok(runTimeNs > 0 && runTimeNs / runCount < 100_000, `${runTimeNs}`);
  assert.deepEqual([...object.map('runs').lookup(u32(3))!], new Array(8).fill(0));
});
