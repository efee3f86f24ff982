/**
 * The real binary as nobody, with two capabilities, and without BTF: what cannot be had is told in one line that says what to do, what
 * can be had is there, and everything else of the collector runs.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCgroup } from '../kit/cgroup.ts';

const program = fileURLToPath(new URL('../../bin/otelcol-deepflow', import.meta.url));
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const withTwo = [...asNobody, '--inh-caps=-all,+bpf,+perfmon', '--ambient-caps=-all,+bpf,+perfmon'];
/** A mount namespace of its own in which /sys/kernel/btf is empty. */
const withoutBtf = [
  'unshare',
  '-m',
  'sh',
  '-c',
  'mount --make-rprivate / && mount -t tmpfs tmpfs /sys/kernel/btf && exec "$@"',
  'sh',
];
const skip = { skip: process.geteuid?.() === 0 ? false : 'only root can become nobody', timeout: 60_000 };

const folder = mkdtempSync(join(tmpdir(), 'otelcol-permissions-'));
chmodSync(folder, 0o755);
const cgroup = process.geteuid?.() === 0 ? createCgroup(`otelcol-permissions-${process.pid}`) : undefined;
after(async () => {
  await cgroup?.remove();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  log(): string;
  until(text: string | RegExp): Promise<void>;
  otlp: number;
}

/** The collector with both capturing receivers, OTLP, and what it exports on stderr. */
async function start(test: TestContext, prefix: string[]): Promise<Started> {
  const otlp = await freePort();
  const path = join(folder, `${otlp}.yaml`);
  writeFileSync(
    path,
    `
receivers:
  ebpf: {processes: {cgroups: ['${cgroup?.path}']}}
  cbpf: {interfaces: '^lo$'}
  otlp: {protocols: {http: {endpoint: '127.0.0.1:${otlp}'}}}
exporters: {debug: {verbosity: detailed}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [ebpf, cbpf, otlp], exporters: [debug]}
`,
  );
  const [command = '', ...words] = [...prefix, program, '--config', path];
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  test.after(async () => {
    child.kill('SIGTERM');
    await Promise.race([child.exitCode ?? once(child, 'exit'), sleep(10_000)]);
    child.kill('SIGKILL');
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const until = async (text: string | RegExp) => {
    const deadline = performance.now() + 20_000;
    while (!(typeof text === 'string' ? log.includes(text) : text.test(log))) {
      if (performance.now() > deadline || child.exitCode !== null) assert.fail(`no ${text} in:\n${log}`);
      await sleep(20);
    }
  };
  await until('Everything is ready.');
  return { log: () => log, until, otlp };
}

/** Lines of a receiver that tell of something that cannot be had. */
function complaints(log: string, receiver: string): string[] {
  const lines = log.split('\n').filter((line) => /\t(warn|error)\t/.test(line) && line.includes(`"${receiver}"`));
  return lines.map((line) => {
    const [, , message, fields = '{}'] = line.split('\t');
    const { error, reason } = JSON.parse(fields) as { error?: string; reason?: string };
    return `${message}: ${error ?? reason}`;
  });
}

async function acceptsOtlp(port: number): Promise<boolean> {
  const span = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'by OTLP' };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`http://127.0.0.1:${port}/v1/traces`, { method: 'POST', headers, body });
  return status === 200;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('nobody: each receiver says in one line what it needs, and the rest runs', skip, async (t) => {
  const { log, otlp, until } = await start(t, [...asNobody, '--inh-caps=-all']);
  await until('Packets cannot be captured');
  assert.deepEqual(complaints(log(), 'ebpf'), [
    'System calls cannot be traced: needs CAP_BPF and CAP_PERFMON; run as root, or grant CAP_BPF and CAP_PERFMON',
  ]);
  const [packets, ...more] = complaints(log(), 'cbpf');
  assert.match(packets ?? '', /needs the capability CAP_NET_RAW/);
  assert.deepEqual(more, []);
  assert.ok(await acceptsOtlp(otlp));
  await until('by OTLP');
});

test('CAP_BPF and CAP_PERFMON: calls are seen, and what is missing for the rest is told', skip, async (t) => {
  const { log, otlp, until } = await start(t, withTwo);
  await until('Names of all processes');
  assert.deepEqual(
    complaints(log(), 'ebpf').filter((line) => line.startsWith('Not everything')),
    [
      'Not everything can be seen here: TLS in the clear and Go programs in the clear: limited, libraries and executables of processes of other users may not be opened; run as root, or grant CAP_SYS_PTRACE',
      'Not everything can be seen here: Names of all processes: limited, executables and environments of processes of other users may not be read, their names are guesses; run as root, or grant CAP_SYS_PTRACE',
    ],
  );
  const port = await freePort();
  const server = await cgroup!.around(async () => {
    const words = ['-m', 'http.server', '--bind', '127.0.0.1', String(port)];
    return spawn('python3', words, { cwd: folder, stdio: 'ignore' });
  });
  t.after(() => server.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}/seen-by-two-capabilities`;
  const fetched = [
    '--silent',
    '--retry',
    '50',
    '--retry-connrefused',
    '--retry-delay',
    '1',
    '--output',
    '/dev/null',
    url,
  ];
  await promisify(execFile)('curl', fetched);
  await until('seen-by-two-capabilities');
  const said = log().replace(/\s+/g, ' ');
  assert.ok(
    said.includes(`"key": "process.pid", "value": { "intValue": "${server.pid}" }`),
    'the span is the server process',
  );
  assert.ok(await acceptsOtlp(otlp));
});

test('without BTF: packets are captured, and one line says what the kernel lacks', skip, async (t) => {
  const { log, otlp, until } = await start(t, withoutBtf);
  await until('System calls cannot be traced');
  const [line = '', ...more] = complaints(log(), 'ebpf');
  assert.match(
    line,
    /^System calls cannot be traced: types of the kernel \(BTF\): there is no \/sys\/kernel\/btf\/vmlinux on Linux \S+; use a kernel of 5\.8 or later/,
  );
  assert.deepEqual(more, []);
  assert.deepEqual(complaints(log(), 'cbpf'), []);
  assert.ok(await acceptsOtlp(otlp));
  const server = createHttpServer((_, response) => response.end('seen')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/seen-in-packets`);
  await until('seen-in-packets');
});
