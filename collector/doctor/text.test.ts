import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Capability } from '../../bpf/features/capabilities.ts';
import { explainFacilities, explainFeatures } from '../../bpf/features/explain.ts';
import { facilities, type Outcome, type Outcomes } from '../../bpf/features/facilities.ts';
import { type Facts, parseKernel } from '../../bpf/features/facts.ts';
import { columns, shorten, wrap } from './columns.ts';
import { hostLines } from './host-lines.ts';
import type { DoctorReport, ProcessReport } from './report.ts';
import { writeText } from './text.ts';

const eperm: Outcome = { kind: 'refused', code: 'EPERM', message: 'Operation not permitted' };

function reportOf(has: Capability[], outcome: Outcome, processes: ProcessReport[]): DoctorReport {
  const facts: Facts = {
    kernel: parseKernel('6.18.44'),
    uid: has.length > 3 ? 0 : 65_534,
    capabilities: new Set(has),
    inUserNamespace: false,
    inPidNamespace: false,
    btf: 'readable',
    tracefs: has.length > 3 ? 'readable' : 'denied',
    lockdown: 'integrity',
    unprivilegedBpfDisabled: 2,
    memlockBytes: 8 * 1024 * 1024,
  };
  const works: Outcome = { kind: 'works' };
  // Two are looked up in a file that all may read.
  const readable: Outcomes = { typed_casts: works, probe_cookies: works };
  const tried = Object.fromEntries(facilities.map(({ facility }) => [facility, outcome]));
  const outcomes: Outcomes = { ...tried, ...readable };
  return {
    build: 'otelcol-deepflow 0.1.0 on Linux 6.18.44 x64',
    host: hostLines(facts, outcomes, [
      { part: 'packet_ring', title: 'native part of packet capture', status: 'ok', reason: '', action: '' },
      {
        part: 'programs',
        title: 'eBPF programs',
        status: 'no',
        reason: 'not built: tls.bpf.o',
        action: 'run `npm start` once, which builds it',
      },
    ]),
    features: explainFeatures(facts, outcomes),
    facilities: explainFacilities(facts, outcomes),
    processes,
    processCount: 40,
    hiddenCount: 0,
  };
}

const base: Omit<ProcessReport, 'pid' | 'service' | 'seen'> = {
  namedBy: 'executable',
  runtime: '',
  container: undefined,
  ports: [],
  connections: 1,
  tls: [],
  status: 'ok',
  reason: '',
  action: '',
};
const processes: ProcessReport[] = [
  { ...base, pid: 812, service: 'nginx', ports: [80, 443], tls: ['OpenSSL 3.0.9'], seen: ['calls', 'TLS'] },
  { ...base, pid: 813, service: 'nginx', ports: [80, 443], tls: ['OpenSSL 3.0.9'], seen: ['calls', 'TLS'] },
  {
    ...base,
    pid: 900,
    service: 'com.acme.checkout-service-with-a-long-name',
    namedBy: 'java jar',
    runtime: 'Java 17.0.9',
    ports: [8080, 8081, 8082],
    status: 'limited',
    seen: ['calls'],
    reason: 'not its TLS, which the Java runtime does itself',
    action: 'handshakes are seen by packets',
  },
  { ...base, pid: 1_234_567, service: 'cart', runtime: 'Go go1.26.0', tls: ['Go crypto/tls'], seen: ['calls', 'TLS'] },
];

const root: Capability[] = [
  'CAP_BPF',
  'CAP_PERFMON',
  'CAP_NET_RAW',
  'CAP_NET_ADMIN',
  'CAP_SYS_PTRACE',
  'CAP_SYS_ADMIN',
];
const golden = new URL('text.golden.txt', import.meta.url);

test('the report reads well in 80 and in 120 columns', () => {
  const notBuilt: Outcome = { kind: 'untried', message: 'the native part of eBPF is not built' };
  const reports = [reportOf(root, { kind: 'works' }, processes), reportOf([], eperm, []), reportOf(root, notBuilt, [])];
  const text = [80, 120]
    .flatMap((width) =>
      reports.map((report) => `==== ${width} ====\n${writeText(report, { width, colour: false, all: false })}`),
    )
    .join('\n');
  if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, 'utf8'));
});

test('no line is wider than the terminal', () => {
  for (const width of [80, 90, 100, 120]) {
    for (const report of [
      reportOf(root, { kind: 'works' }, processes),
      reportOf(['CAP_BPF', 'CAP_PERFMON'], eperm, processes),
    ]) {
      const long = writeText(report, { width, colour: false, all: false })
        .split('\n')
        .filter((line) => line.length > width);
      assert.deepEqual(long, [], `${width}`);
    }
  }
});

test('colour is a decoration: without it the text is the same', () => {
  const report = reportOf(root, { kind: 'works' }, processes);
  const plain = writeText(report, { width: 100, colour: false, all: true });
  const coloured = writeText(report, { width: 100, colour: true, all: true });
  assert.notEqual(coloured, plain);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal takes
  assert.equal(coloured.replace(/\u001b\[\d+m/g, ''), plain);
});

test('columns are as wide as what is in them, and the last one is wrapped', () => {
  assert.deepEqual(columns([['a', 'bb', 'one two three four five six'], ['aaa', 'b', 'x'], ['a']], 30), [
    '  a    bb  one two three four',
    '           five six',
    '  aaa  b   x',
    '  a',
  ]);
  assert.deepEqual(wrap('', 10), []);
  assert.deepEqual(wrap('longer-than-ten chars', 10), ['longer-than-ten', 'chars']);
  assert.deepEqual([shorten('abcdefghij', 5), shorten('abc', 5)], ['ab…ij', 'abc']);
});

test('processes that may not be looked at are not said to have connections', () => {
  const report = { ...reportOf([], eperm, processes), hiddenCount: processes.length };
  const text = writeText(report, { width: 100, colour: false, all: false });
  assert.match(text, new RegExp(`connections: 0 of 40, and ${processes.length} that may have some`));
});
