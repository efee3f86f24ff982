import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runBinary } from '../testing/binary.ts';
import type { DoctorReport } from './report.ts';

const program = fileURLToPath(new URL('../../bin/otelcol-deepflow', import.meta.url));
const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--bounding-set=-all,+bpf,+perfmon'];

/** Runs the doctor as nobody with these capabilities; undefined, and the test skipped, where we may not become nobody. */
function runAsNobody(test: TestContext, capabilities: string, words: string[]) {
  if (process.geteuid?.() !== 0) {
    test.skip('only root can become nobody');
    return undefined;
  }
  const caps = [`--inh-caps=-all${capabilities}`, `--ambient-caps=-all${capabilities}`];
  const { status, stdout, stderr, error } = spawnSync('setpriv', [...nobody, ...caps, program, 'doctor', ...words], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (error !== undefined) throw error;
  return { code: status, stdout, stderr };
}

function featuresOf(text: string): Record<string, string> {
  const { features } = JSON.parse(text) as DoctorReport;
  return Object.fromEntries(features.map(({ name, status, cause }) => [name, cause ? `${status} (${cause})` : status]));
}

test('nobody is told which capabilities are missing, and the exit code is 0 all the same', (t) => {
  const json = runAsNobody(t, '', ['--json']);
  if (json === undefined) return;
  assert.deepEqual([json.code, json.stderr], [0, '']);
  const off = 'no (permission)';
  assert.deepEqual(featuresOf(json.stdout), {
    ...{ packets: off, calls: off, tls: off, go: off, tcp: off, files: off },
    processes: 'limited (permission)',
  });
  const text = runAsNobody(t, '', [])!.stdout;
  assert.match(text, /no +calls +Calls of each process \(receiver ebpf\)\n +needs CAP_BPF and CAP_PERFMON\n/);
  assert.match(text, /How to grant CAP_BPF, CAP_PERFMON, CAP_NET_RAW and CAP_SYS_PTRACE\n/);
  assert.doesNotMatch(text, /does not support/);
});

test('CAP_BPF and CAP_PERFMON are enough for calls', (t) => {
  const run = runAsNobody(t, ',+bpf,+perfmon', ['--json', '--require', 'calls,tcp', '--require=files']);
  if (run === undefined) return;
  assert.deepEqual([run.code, run.stderr], [0, '']);
  assert.deepEqual(featuresOf(run.stdout), {
    packets: 'no (permission)',
    ...{ calls: 'ok', tls: 'limited (permission)', go: 'limited (permission)', tcp: 'ok', files: 'ok' },
    processes: 'limited (permission)',
  });
});

test('a required feature that is off is an error that says what to do', (t) => {
  const run = runAsNobody(t, ',+bpf,+perfmon', ['--json', '--require', 'packets']);
  if (run === undefined) return;
  assert.equal(run.code, 1);
  assert.equal(
    run.stderr,
    'Error: feature packets is required and off: needs CAP_NET_RAW; run as root, or grant CAP_NET_RAW\n',
  );
});

test('a feature that there is not is an error', async () => {
  const { code, stderr } = await runBinary(['doctor', '--require', 'cals']);
  assert.equal(code, 1);
  assert.match(stderr, /^Error: there is no feature "cals"; did you mean "?calls/);
});

test('a server is listed with its name, where that comes from, its port and its libraries', async (t) => {
  const script = `import ssl, socket, time
s = socket.create_server(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
time.sleep(60)`;
  const env = { ...process.env, OTEL_SERVICE_NAME: 'ledger' };
  const server = spawn('python3', ['-c', script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  const { code, stdout } = await runBinary(['doctor', '--json']);
  assert.equal(code, 0);
  const report = JSON.parse(stdout) as DoctorReport;
  const found = report.processes.find(({ pid }) => pid === server.pid)!;
  assert.deepEqual(
    { ...found, tls: found.tls.map((name) => name.split(' ')[0]), status: '', seen: [], reason: '', action: '' },
    {
      pid: server.pid,
      service: 'ledger',
      namedBy: 'OTEL_SERVICE_NAME',
      runtime: 'Python',
      ports: [Number(port)],
      connections: 0,
      tls: ['OpenSSL'],
      status: '',
      seen: [],
      reason: '',
      action: '',
    },
  );
  assert.ok(report.processCount >= report.processes.length);
  const all = JSON.parse((await runBinary(['doctor', '--json', '--all'])).stdout) as DoctorReport;
  assert.ok(all.processes.length >= report.processes.length);
});
