import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { missingCapabilities, parseCapabilities } from './capabilities.ts';
import { readFacts } from './facts.ts';
import { examineFeatures, findInTypes, outcomesOf, probeFacilities } from './probe.ts';

const folder = mkdtempSync(join(tmpdir(), 'otelcol-facts-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test('facts are read from where the kernel tells them', () => {
  file('proc/self/status', 'Name:\tx\nUid:\t1000\t1001\t1000\t1000\nCapEff:\t000000c000002000\n');
  file('proc/self/limits', 'Limit   Soft  Hard  Units\nMax locked memory         65536     65536     bytes\n');
  file('proc/self/uid_map', '         0       1000          1\n');
  file('proc/sys/kernel/unprivileged_bpf_disabled', '2\n');
  mkdirSync(join(folder, 'proc/self/ns'));
  symlinkSync('pid:[4026532200]', join(folder, 'proc/self/ns/pid'));
  const facts = readFacts({
    release: '5.10.0-33-amd64',
    proc: join(folder, 'proc'),
    btf: join(folder, 'hidden'),
    tracefs: [join(folder, 'hidden'), file('tracing/events', '')],
    lockdown: file('lockdown', 'none [integrity] confidentiality\n'),
  });
  assert.deepEqual(facts, {
    kernel: { release: '5.10.0-33-amd64', major: 5, minor: 10 },
    uid: 1001,
    capabilities: new Set(['CAP_NET_RAW', 'CAP_PERFMON', 'CAP_BPF']),
    inUserNamespace: true,
    inPidNamespace: true,
    btf: 'missing',
    tracefs: 'readable',
    lockdown: 'integrity',
    unprivilegedBpfDisabled: 2,
    memlockBytes: 65_536,
  });
});

test('where nothing can be read nothing is claimed', () => {
  const none = join(folder, 'none');
  const facts = readFacts({ proc: none, btf: none, tracefs: [none], lockdown: none });
  assert.deepEqual([facts.capabilities.size, facts.btf, facts.lockdown], [0, 'missing', 'unknown']);
  assert.equal(facts.unprivilegedBpfDisabled, undefined);
});

test('CAP_SYS_ADMIN stands for the capabilities that were once a part of it', () => {
  const admin = parseCapabilities('CapEff:\t0000000000200000\n');
  assert.deepEqual(missingCapabilities(['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_RAW'], admin), ['CAP_NET_RAW']);
});

test('with BTF hidden everything of eBPF is off for want of BTF', () => {
  const features = examineFeatures({ btf: join(folder, 'hidden') });
  const told = features.filter(({ receiver, name }) => receiver === 'ebpf' && name !== 'processes');
  assert.equal(told.length, 5);
  for (const { name, status, cause, reason } of told) {
    assert.deepEqual([name, status, cause], [name, 'no', 'kernel']);
    assert.match(reason, /^types of the kernel \(BTF\): there is no \/sys\/kernel\/btf\/vmlinux on Linux /);
  }
});

test('what libbpfjs tried is told in our words', () => {
  const no = (code: string) => ({ available: false, code, reason: 'x' }) as const;
  const yes = { available: true } as const;
  const programs = {
    socket_filter: yes,
    tp_btf: no('EINVAL'),
    raw_tracepoint: yes,
    tracepoint: yes,
    uprobe: no('EPERM'),
    perf_event: yes,
    sock_ops: yes,
  };
  const maps = { hash: yes, lru_hash: yes, percpu_array: yes, ringbuf: no('NO_ADDON'), task_storage: yes };
  const outcomes = outcomesOf({ programs, maps, uprobeMulti: yes, tracefs: no('ENOENT') });
  assert.deepEqual(outcomes, {
    ring_buffer: { kind: 'untried', message: 'the native part of eBPF is not built' },
    task_storage: { kind: 'works' },
    tp_btf: { kind: 'refused', code: 'EINVAL', message: 'x' },
    raw_tracepoint: { kind: 'works' },
    tracepoint: { kind: 'refused', code: 'ENOENT', message: 'x' },
    uprobe: { kind: 'refused', code: 'EPERM', message: 'x' },
    uprobe_multi: { kind: 'works' },
    perf_event: { kind: 'works' },
    sock_ops: { kind: 'works' },
  });
});

test('what programs may call is there when the types of the kernel name it', () => {
  const of = (name: string, text: string) => Object.values(findInTypes(file(name, text))).map(({ kind }) => kind);
  const cookies = 'BPF_FUNC_get_func_ip\0BPF_FUNC_get_attach_cookie\0BPF_FUNC_task_pt_regs';
  assert.deepEqual(of('types-6.2', `bpf_cast_to_kern_ctx\0bpf_rdonly_cast\0${cookies}\0`), ['works', 'works']);
  assert.deepEqual(of('types-6.1', `\0bpf_rdonly_cast_of_mine\0${cookies}\0`), ['refused', 'works']);
  assert.deepEqual(of('types-5.10', '\0BPF_FUNC_get_func_ip\0'), ['refused', 'refused']);
  assert.equal(findInTypes(join(folder, 'hidden')).typed_casts?.kind, 'refused');
});

test('trying takes less than a second and leaves no descriptor behind', async () => {
  const { readdirSync } = await import('node:fs');
  probeFacilities();
  const before = readdirSync('/proc/self/fd').length;
  const start = performance.now();
  for (let round = 0; round < 3; round++) probeFacilities();
  assert.ok(performance.now() - start < 3000);
  assert.equal(readdirSync('/proc/self/fd').length, before);
});
