/** Which files are probed while which processes live. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TlsLibrary } from '../../../bpf/uprobes/libraries.ts';
import { Coverage } from './coverage.ts';
import type { ProbeStatus } from './messages.ts';

const library = (name: string, more: Partial<TlsLibrary> = {}): TlsLibrary => ({
  kind: 'openssl',
  version: '3.0.15',
  covered: true,
  reason: '',
  helps: false,
  points: [],
  go: undefined,
  path: `/usr/lib/${name}`,
  open: `/proc/1/root/usr/lib/${name}`,
  identity: name,
  ...more,
});

function create(scope: 'file' | 'process' = 'file') {
  const processes = new Map<number, TlsLibrary[]>();
  const log: string[] = [];
  const failures: ProbeStatus[] = [];
  const state = { ms: 0, refuse: '', isThere: true };
  const coverage = new Coverage({
    find: (pid) => processes.get(pid) ?? [],
    attach({ identity }, pid) {
      if (state.refuse !== '') throw new Error(state.refuse);
      const name = pid === undefined ? identity : `${identity} of ${pid}`;
      log.push(`+ ${name}`);
      return { detach: () => void log.push(`- ${name}`) };
    },
    attachTables({ identity }) {
      log.push(`+ tables of ${identity}`);
      return { detach: () => void log.push(`- tables of ${identity}`) };
    },
    hasTables: ({ kind }) => kind === 'go',
    scope,
    isThere: () => state.isThere,
    onFailure: (status) => failures.push(status),
    onGo() {},
    onTables: (pid, probed) => void log.push(`${pid} ${probed}`),
    now: () => state.ms,
    lingerMs: 1000,
  });
  return { processes, log, failures, state, coverage };
}

test('a file is probed once for all processes, and left some time after the last', () => {
  const { processes, log, state, coverage } = create();
  processes.set(1, [library('libssl')]);
  processes.set(2, [library('libssl'), library('libgnutls', { kind: 'gnutls' })]);
  coverage.scan(1);
  coverage.scan(2);
  coverage.scan(2);
  assert.deepEqual(log, ['+ libssl', '+ libgnutls']);
  coverage.forget(2);
  state.ms = 5000;
  assert.equal(coverage.sweep(), true);
  assert.equal(coverage.sweep(), false);
  assert.deepEqual(log.splice(0), ['+ libssl', '+ libgnutls', '- libgnutls']);
  coverage.forget(1);
  processes.set(3, [library('libssl')]);
  state.ms = 5900;
  coverage.scan(3);
  state.ms = 9000;
  assert.equal(coverage.sweep(), false);
  coverage.close();
  assert.deepEqual(log, ['- libssl']);
});

test('a library that is loaded later is found by a later look', () => {
  const { processes, coverage } = create();
  processes.set(1, []);
  coverage.scan(1);
  assert.equal(coverage.covers(1), false);
  processes.set(1, [library('libssl')]);
  coverage.scan(1);
  assert.equal(coverage.covers(1), true);
  assert.deepEqual(coverage.status(), [
    { pid: 1, path: '/usr/lib/libssl', library: 'openssl 3.0.15', covered: true, helps: false, reason: '' },
  ]);
});

test('what only helps a library is probed, does not make up for it, and stays longer', () => {
  const { processes, log, state, coverage } = create();
  processes.set(1, [library('_ssl.so', { kind: 'python_ssl', helps: true })]);
  coverage.scan(1);
  assert.deepEqual(log, ['+ _ssl.so']);
  assert.equal(coverage.covers(1), false);
  processes.set(1, [library('_ssl.so', { kind: 'python_ssl', helps: true }), library('libssl')]);
  coverage.scan(1);
  assert.deepEqual(log, ['+ _ssl.so', '+ libssl']);
  assert.equal(coverage.covers(1), true);
  coverage.forget(1);
  state.ms = 1000;
  while (coverage.sweep());
  assert.deepEqual(log, ['+ _ssl.so', '+ libssl', '- libssl']);
  state.ms = 10_000;
  while (coverage.sweep());
  assert.equal(log.at(-1), '- _ssl.so');
});

test('what cannot be probed is told once, with the reason, and tried again', () => {
  const { processes, failures, state, coverage } = create();
  processes.set(1, [library('libssl')]);
  processes.set(2, [library('libjvm', { kind: 'java', version: undefined, covered: false, reason: 'Java code' })]);
  state.refuse = 'probing /usr/lib/libssl: EPERM';
  for (const pid of [1, 1, 2, 2]) coverage.scan(pid);
  assert.deepEqual(
    failures.map(({ pid, library: name, reason }) => [pid, name, reason]),
    [
      [1, 'openssl 3.0.15', 'probing /usr/lib/libssl: EPERM'],
      [2, 'java', 'Java code'],
    ],
  );
  assert.equal(coverage.covers(1), false);
  state.refuse = '';
  coverage.scan(1);
  assert.equal(coverage.covers(1), true);
  assert.deepEqual(coverage.counts, { joined: 1, failed: 2 });
});

test('that a process ended before it could be probed is nothing to tell', () => {
  const { processes, failures, log, state, coverage } = create();
  for (const pid of [1, 2]) processes.set(pid, [library('libssl')]);
  Object.assign(state, { refuse: 'attaching uprobes: No such file or directory', isThere: false });
  coverage.scan(1);
  coverage.forget(1);
  Object.assign(state, { refuse: '', isThere: true });
  coverage.scan(2);
  assert.deepEqual([failures, log], [[], ['+ libssl']]);
});

test('by process, each has probes of its own', () => {
  const { processes, log, state, coverage } = create('process');
  processes.set(1, [library('libssl')]);
  processes.set(2, [library('libssl')]);
  coverage.scan(1);
  coverage.scan(2);
  coverage.forget(1);
  state.ms = 2000;
  coverage.sweep();
  assert.deepEqual(log, ['+ libssl of 1', '+ libssl of 2', '- libssl of 1']);
});

test('tables of header fields are told for a file while they are needed, and ten minutes more', () => {
  const { processes, log, state, coverage } = create();
  for (const pid of [1, 2]) processes.set(pid, [library('service', { kind: 'go' })]);
  coverage.scan(1);
  coverage.watchTables(1);
  coverage.scan(2);
  state.ms = 300_000;
  coverage.watchTables(2);
  assert.deepEqual(log.splice(0), ['+ service', '1 false', '+ tables of service', '1 true', '2 true']);
  state.ms = 900_000;
  assert.equal(coverage.sweep(), false);
  state.ms++;
  assert.equal(coverage.sweep(), true);
  assert.deepEqual(log.splice(0), ['- tables of service', '1 false', '2 false']);
  coverage.watchTables(1);
  assert.deepEqual(log.splice(0), ['+ tables of service', '1 true', '2 true']);
  coverage.close();
  assert.deepEqual(log, ['- tables of service', '- service']);
});
