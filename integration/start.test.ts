/** What the real binary says when it cannot start: what happened, where, and what to do; and that it ends with 1. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { root, runCollector, temporaryFolder, withNode } from './kit/collector.ts';
import { freePorts } from './kit/ports.ts';
import { findPlace, startPreset } from './kit/preset.ts';

test('a taken port is named, with the setting that asks for it', async (t) => {
  const [port] = (await freePorts(1)) as [number];
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const output = await failedStart(t, [
    `
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: {}}
service:
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
`,
  ]);
  assert.match(output, /receivers::otlp/);
  assert.match(output, /protocols::grpc::endpoint/);
  assert.match(output, new RegExp(`port ${port} is taken by another process`));
});

test('a folder that may not be written is named, with the setting that asks for it', async (t) => {
  // Nobody may make files there, root neither.
  const output = await failedStart(t, [await storeIn('/sys/otelcol-deepflow')]);
  assert.match(output, /extensions::clickhouse_embedded/);
  assert.match(output, /directory/);
  assert.match(output, /\/sys\/otelcol-deepflow/);
  assert.match(output, /permi/i);
});

test('a store directory that another collector uses is refused', async (t) => {
  const place = await findPlace(t);
  await startPreset(t, place);
  const output = await failedStart(t, [await storeIn(place.store)]);
  assert.match(output, /another/);
  assert.ok(output.includes(place.store), output);
});

test('a full disk is told as such', async (t) => {
  const folder = temporaryFolder(t);
  // A file system of one MiB, seen by this process only.
  const script = `mount -t tmpfs -o size=1m tmpfs ${folder} && exec ${join(root, 'bin', 'otelcol-deepflow')} --config "yaml:$1"`;
  const config = await storeIn(join(folder, 'store'));
  const run = promisify(execFile)(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', config],
    {
      env: withNode(),
      timeout: 60_000,
    },
  );
  const { code, stderr } = await run.then(
    () => assert.fail('the collector did not end with an error'),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(code, 1, stderr);
  assert.match(stderr, /extensions::clickhouse_embedded/);
  assert.match(stderr, /disk|space/i);
  assert.match(stderr, /MiB|GiB|free/);
});

test('npm start passes on arguments, the exit code and SIGTERM', async (t) => {
  const start = ['start', '--silent', '--'];
  const npm = promisify(execFile);
  const { stdout } = await npm('npm', [...start, '--version'], { cwd: root });
  assert.match(stdout, /otelcol-deepflow .*\d+\.\d+\.\d+/);
  await assert.rejects(npm('npm', [...start, '--config', 'no/such.yaml'], { cwd: root }), { code: 1 });

  const nothing =
    'yaml:{receivers: {nop: {}}, exporters: {nop: {}}, service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [nop], exporters: [nop]}}}}';
  const child = spawn('npm', [...start, '--config', nothing], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (text.includes('Everything is ready')) child.kill('SIGTERM');
  });
  // The pipe closes when the collector, not only npm, has ended.
  await once(child.stderr, 'close');
  assert.match(output, /Shutdown complete/);
});

/** Runs until the end, which must be exit code 1 before anything was ready; gives what was printed. */
async function failedStart(t: TestContext, texts: string[]): Promise<string> {
  const collector = runCollector(t, [], texts);
  const { code } = await collector.exited;
  const output = collector.output();
  assert.equal(code, 1, output);
  assert.doesNotMatch(output, /Everything is ready/);
  assert.doesNotMatch(output, /^\s+at .*\.ts:/m, 'an operator is shown no stack');
  return output;
}

/** A configuration whose embedded store lives in `directory`. */
async function storeIn(directory: string): Promise<string> {
  const [port] = (await freePorts(1)) as [number];
  return `
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {nop: {}}
extensions: {clickhouse_embedded: {directory: "${directory}"}}
service:
  extensions: [clickhouse_embedded]
  telemetry: {metrics: {level: none}}
  pipelines: {traces: {receivers: [otlp], exporters: [nop]}}
`;
}
