import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explainFeatures } from '../../bpf/features/explain.ts';
import { facilities, type Outcome } from '../../bpf/features/facilities.ts';
import { parseKernel } from '../../bpf/features/facts.ts';
import type { ProcessFacts } from '../../host/processes.ts';
import { type Binaries, createBinaries } from './binaries.ts';
import { examineProcesses } from './processes.ts';

const proc = mkdtempSync(join(tmpdir(), 'otelcol-doctor-'));
after(() => rmSync(proc, { recursive: true, force: true }));

const row = (port: string, state: string, inode: number) =>
  `   0: 0100007F:${port} 00000000:0000 ${state} 0:0 0:0 0  0  0 ${inode} 1 0\n`;

/** A process with a socket that listens on 8080, or without sockets. */
function add(pid: number, exe: string, listens: boolean): void {
  const folder = join(proc, String(pid));
  mkdirSync(join(folder, 'fd'), { recursive: true });
  mkdirSync(join(folder, 'ns'));
  mkdirSync(join(folder, 'net'));
  const fields = new Array(50).fill('0');
  writeFileSync(join(folder, 'stat'), `${pid} (x) S ${fields.join(' ')}`);
  writeFileSync(join(folder, 'cmdline'), `${exe}\0`);
  writeFileSync(join(folder, 'net/tcp'), `head\n${row('1F90', '0A', 70)}${row('1F90', '01', 71)}`);
  symlinkSync('net:[1]', join(folder, 'ns/net'));
  symlinkSync(exe, join(folder, 'exe'));
  if (!listens) return;
  symlinkSync('socket:[70]', join(folder, 'fd/3'));
  symlinkSync('socket:[71]', join(folder, 'fd/4'));
  symlinkSync('socket:[99]', join(folder, 'fd/5'));
}

function features(all: Outcome, capabilities = ['CAP_SYS_PTRACE', 'CAP_BPF', 'CAP_PERFMON', 'CAP_NET_RAW'] as const) {
  const outcomes = Object.fromEntries(facilities.map(({ facility }) => [facility, all]));
  return explainFeatures(
    {
      kernel: parseKernel('6.18.44'),
      uid: 0,
      capabilities: new Set(capabilities),
      inUserNamespace: false,
      inPidNamespace: false,
      btf: 'readable',
      tracefs: 'readable',
      lockdown: 'none',
      unprivilegedBpfDisabled: 2,
      memlockBytes: 0,
    },
    outcomes,
  );
}

add(100, '/usr/sbin/nginx', true);
add(101, '/usr/bin/java', true);
add(102, '/usr/bin/sleep', false);
const works = features({ kind: 'works' });
const off = features({ kind: 'refused', code: 'EINVAL', message: '' });
const plain: Binaries = { runtime: undefined, tls: [] };
const openssl: Binaries = { runtime: undefined, tls: [{ name: 'OpenSSL 3', covered: true, reason: '' }] };

function shown(given: { features?: typeof works; binaries?: Binaries; all?: boolean }): string[] {
  const { features = works, binaries = plain, all = false } = given;
  const { processes, processCount } = examineProcesses({ features, binariesOf: () => binaries, all, proc });
  assert.equal(processCount, 3);
  return processes.map(
    ({ pid, service, ports, connections, tls, status, seen, reason }) =>
      `${pid} ${service} :${ports} ${connections} ${tls} ${status} ${seen.join('+')} ${reason}`,
  );
}

test('processes with network sockets are listed, with ports and connections', () => {
  assert.deepEqual(shown({}), ['100 nginx :8080 1  ok calls ', '101 java :8080 1  ok calls ']);
  assert.equal(shown({ all: true }).length, 3);
});

test('what is seen of TLS depends on the library, and on the feature', () => {
  assert.equal(shown({ binaries: openssl })[0], '100 nginx :8080 1 OpenSSL 3 ok calls+TLS ');
  const java = { ...plain, tls: [{ name: 'JSSE', covered: false, reason: 'compiled while it runs' }] };
  assert.equal(shown({ binaries: java })[1], '101 java :8080 1 JSSE limited calls compiled while it runs');
  const both = { ...plain, tls: [...openssl.tls, ...java.tls] };
  assert.equal(
    shown({ binaries: both })[1],
    '101 java :8080 1 OpenSSL 3,JSSE limited calls+TLS compiled while it runs',
  );
  assert.equal(
    shown({ features: off, binaries: openssl })[0],
    '100 nginx :8080 1 OpenSSL 3 no  eBPF is off, see above',
  );
});

test('the libraries of a real process are found in its files', () => {
  const { tls, runtime } = createBinaries()({ pid: process.pid } as ProcessFacts);
  assert.equal(runtime, undefined);
  assert.deepEqual(
    tls.map(({ name, covered }) => [name.replace(/[\d.]+$/, 'N'), covered]),
    [['OpenSSL N', true]],
  );
  assert.deepEqual(createBinaries()({ pid: 2 ** 30 } as ProcessFacts), plain);
});
