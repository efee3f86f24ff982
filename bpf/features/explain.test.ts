import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import type { Capability } from './capabilities.ts';
import { explainFacilities, explainFeatures, explainInLines, explainKernel } from './explain.ts';
import { facilities, type Outcome, type Outcomes } from './facilities.ts';
import { type Facts, parseKernel } from './facts.ts';
import { features } from './features.ts';

const root: Capability[] = [
  'CAP_SYS_ADMIN',
  'CAP_BPF',
  'CAP_PERFMON',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_SYS_PTRACE',
  'CAP_DAC_READ_SEARCH',
  'CAP_SYS_RESOURCE',
];
const two: Capability[] = ['CAP_BPF', 'CAP_PERFMON'];
const works: Outcome = { kind: 'works' };
const refused = (code: string, message: string): Outcome => ({ kind: 'refused', code, message });
const eperm = refused('EPERM', 'Operation not permitted');
const einval = refused('EINVAL', 'Invalid argument');
const noCasts = { typed_casts: refused('ENOENT', 'bpf_rdonly_cast is not in the types of the kernel') };
const noCookies = { probe_cookies: refused('ENOENT', 'BPF_FUNC_get_attach_cookie is not in the types of the kernel') };
const untried: Outcome = { kind: 'untried', message: 'the native part of eBPF is not built' };

type More = Partial<Omit<Facts, 'kernel' | 'capabilities'>> & { kernel?: string; has?: Capability[] };

function facts({ kernel = '6.18.44', has = root, ...rest }: More = {}): Facts {
  return {
    kernel: parseKernel(kernel),
    uid: has.includes('CAP_SYS_ADMIN') ? 0 : 65_534,
    capabilities: new Set(has),
    inUserNamespace: false,
    inPidNamespace: false,
    btf: 'readable',
    tracefs: 'readable',
    lockdown: 'none',
    unprivilegedBpfDisabled: 2,
    memlockBytes: Number.POSITIVE_INFINITY,
    ...rest,
  };
}

/** All facilities with one outcome, save some; two are looked up in a file. */
function outcomes(all: Outcome, but: Outcomes = {}): Outcomes {
  const tried = Object.fromEntries(facilities.map(({ facility }) => [facility, all]));
  return { ...tried, typed_casts: works, probe_cookies: works, ...but };
}

const scenes: [title: string, facts: Facts, outcomes: Outcomes][] = [
  ['root on a current kernel', facts(), outcomes(works)],
  ['nobody', facts({ has: [], tracefs: 'denied' }), outcomes(eperm)],
  [
    'CAP_BPF and CAP_PERFMON only',
    facts({ has: two, tracefs: 'denied' }),
    outcomes(works, { packet_socket: eperm, tracepoint: eperm, sock_ops: eperm }),
  ],
  [
    'CAP_BPF without CAP_PERFMON',
    facts({ has: ['CAP_BPF', 'CAP_SYS_PTRACE'] }),
    outcomes(eperm, { ring_buffer: works, task_storage: works }),
  ],
  [
    'root without BTF',
    facts({ btf: 'missing' }),
    outcomes(einval, { packet_socket: works, ring_buffer: works, uprobe: works }),
  ],
  ['nobody without BTF', facts({ btf: 'missing', has: [] }), outcomes(eperm)],
  ['a container without /sys', facts({ btf: 'denied' }), outcomes(works)],
  [
    'Linux 4.14',
    facts({ kernel: '4.14.336', btf: 'missing' }),
    outcomes(einval, { packet_socket: works, tracepoint: works, perf_event: works }),
  ],
  [
    'Linux 5.4',
    facts({ kernel: '5.4.0-190-generic' }),
    outcomes(einval, {
      ...noCasts,
      ...noCookies,
      packet_socket: works,
      raw_tracepoint: works,
      tracepoint: works,
      uprobe: works,
      perf_event: works,
    }),
  ],
  [
    'Linux 5.10',
    facts({ kernel: '5.10.0-33-amd64' }),
    outcomes(works, { ...noCasts, ...noCookies, task_storage: einval, uprobe_multi: einval }),
  ],
  ['Linux 6.1', facts({ kernel: '6.1.0-40-amd64' }), outcomes(works, { ...noCasts, uprobe_multi: einval })],
  [
    'Linux 5.10, where memory may not be locked',
    facts({ kernel: '5.10.0-33-amd64', memlockBytes: 65_536 }),
    outcomes(eperm, { packet_socket: works }),
  ],
  [
    'RHEL 8, which brings new pieces to an old kernel',
    facts({ kernel: '4.18.0-553.el8' }),
    outcomes(works, { ...noCasts, uprobe_multi: einval, sock_ops: einval }),
  ],
  [
    'locked down to confidentiality',
    facts({ lockdown: 'confidentiality' }),
    outcomes(eperm, { packet_socket: works, ring_buffer: works, task_storage: works }),
  ],
  ['root in a user namespace', facts({ inUserNamespace: true }), outcomes(eperm)],
  ['a container without the pids of the host', facts({ inPidNamespace: true }), outcomes(works)],
  ['a seccomp profile', facts(), outcomes(eperm, { packet_socket: works })],
  ['a kernel without tp_btf for system calls', facts(), outcomes(works, { tp_btf: einval })],
  [
    'tracepoints only, and no tracefs',
    facts({ tracefs: 'missing' }),
    outcomes(works, {
      tp_btf: einval,
      raw_tracepoint: einval,
      tracepoint: refused('ENOENT', 'No such file or directory'),
    }),
  ],
  ['eBPF not built', facts(), outcomes(untried, { packet_socket: works })],
  ['Linux 3.10', facts({ kernel: '3.10.0-1160.el7', btf: 'missing' }), outcomes(einval, { packet_socket: works })],
];

const golden = new URL('explain.golden.txt', import.meta.url);

test('what is told in each situation', () => {
  const text = scenes.map(([title, given, tried]) => `# ${title}\n${shown(given, tried)}`).join('\n');
  if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, 'utf8'));
});

function shown(given: Facts, tried: Outcomes): string {
  const kernel = explainKernel(given, tried);
  const lines = kernel.status === 'ok' ? [] : [`kernel ${kernel.status}: ${kernel.reason}; ${kernel.action}`];
  const reports = explainFeatures(given, tried);
  const good = reports
    .filter(({ status }) => status === 'ok')
    .map(({ name, uses }) => name + (uses ? ` by ${uses}` : ''));
  lines.push(`ok: ${good.join(', ')}`, ...explainInLines(reports));
  for (const { facility, status, cause, reason, action } of explainFacilities(given, tried)) {
    if (status !== 'ok') lines.push(`  ${facility} ${status} [${cause}]: ${reason} -> ${action}`);
  }
  return `${lines.join('\n')}\n`;
}

test('a program that was not built takes its features with it, and no others', () => {
  const off = (...built: string[]) =>
    explainFeatures(facts(), outcomes(works), new Set(built))
      .filter(({ status }) => status === 'no')
      .map(({ name }) => name);
  assert.deepEqual(off('sockets', 'tls', 'go-tls', 'tcp'), []);
  assert.deepEqual(off('sockets', 'tcp'), ['tls', 'go']);
  assert.deepEqual(off(), ['calls', 'tls', 'go', 'tcp', 'files']);
  const [, , tls] = explainFeatures(facts(), outcomes(works), new Set(['sockets']));
  assert.equal(tls?.reason, 'the eBPF program tls is not built');
  const [, calls] = explainFeatures(facts({ has: [] }), outcomes(eperm), new Set());
  assert.equal(calls?.cause, 'permission', 'what the kernel refuses is told first');
});

test('the names of programs are those of files', () => {
  const sources = globSync('../programs/*/*.bpf.c', { cwd: import.meta.dirname }).map((path) =>
    basename(path, '.bpf.c'),
  );
  for (const { name, programs } of features) {
    for (const program of programs) assert.ok(sources.includes(program), `${name}: ${program}`);
  }
});

test('whatever is not ok says why, and who can change it', () => {
  for (const [title, given, tried] of scenes) {
    for (const report of [...explainFeatures(given, tried), ...explainFacilities(given, tried)]) {
      assert.equal(report.status === 'ok', report.reason === '', `${title}: ${report.title}`);
      assert.equal(report.status === 'ok', report.cause === undefined, `${title}: ${report.title}`);
    }
  }
});
