// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a collector's variables look like that
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { program, type Running, runBinary, startBinary } from './testing/binary.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-cli-'));
after(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function file(text: string): string {
  const path = join(directory, `${++files}.yaml`);
  writeFileSync(path, text);
  return path;
}

const telemetry =
  'telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {port: 0, without_type_suffix: true}}}}]}}';
const idle = `
receivers: {nop: }
processors: {batch: }
exporters: {nop: }
service:
  ${telemetry}
  pipelines: {traces: {receivers: [nop], processors: [batch], exporters: [nop]}}
`;

const span = (name: string) => ({
  resourceSpans: [
    { scopeSpans: [{ spans: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name }] }] },
  ],
});

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

/** A server that keeps what is posted to it. */
async function backend(status = 200) {
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks));
    response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** OTLP/HTTP in, OTLP/HTTP out. */
const forwarding = (url: string, { exporter = '', processors = '' } = {}) => `
receivers: {otlp: {protocols: {http: {endpoint: localhost:0}}}}
processors: {batch: {timeout: 1h}}
exporters: {otlp_http: {endpoint: "${url}", compression: none${exporter}}}
service:
  ${telemetry}
  pipelines: {traces: {receivers: [otlp], processors: [${processors}], exporters: [otlp_http]}}
`;

test('without a configuration it says so and ends with 1', async () => {
  const { code, stdout, stderr } = await runBinary([]);
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 1, stdout: '', stderr: 'Error: at least one config flag must be provided\n' },
  );
});

test('validate of a good configuration prints nothing and ends with 0', async () => {
  assert.deepEqual(await runBinary(['validate', '--config', file(idle)]), { code: 0, stdout: '', stderr: '' });
});

test('validate names every bad component with its path and place, and ends with 1', async () => {
  const bad = file(
    'receivers:\n  nop: {speed: 1}\nexporters:\n  nop:\n    sped: 2\nservice: {pipelines: {traces: {receivers: [nop], exporters: [nop]}}}',
  );
  const { code, stderr } = await runBinary(['validate', `--config=${bad}`]);
  assert.equal(code, 1);
  assert.match(stderr, /^Error: invalid configuration:\n/);
  assert.match(stderr, /receivers::nop::speed: unknown key "speed" \(.*:2:9\)/);
  assert.match(stderr, /exporters::nop::sped: unknown key "sped" \(.*:5:5\)/);
});

test('components prints YAML with the keys of the upstream Collector', async () => {
  const { code, stdout } = await runBinary(['components']);
  assert.equal(code, 0);
  const listed = parse(stdout);
  assert.deepEqual(Object.keys(listed), [
    'buildinfo',
    'receivers',
    'processors',
    'exporters',
    'connectors',
    'extensions',
    'providers',
  ]);
  assert.equal(listed.buildinfo.command, 'otelcol-deepflow');
  const batch = listed.processors.find(({ name }: { name: string }) => name === 'batch');
  assert.equal(batch.stability.traces, 'Beta');
  assert.deepEqual(Object.keys(listed.providers[0]), ['scheme', 'module']);
});

test('a reader that takes its time gets all that a command prints', () => {
  const text = execFileSync('sh', ['-c', '"$1" schema | { sleep 1; cat; }', 'sh', program], { encoding: 'utf8' });
  assert.ok(text.length > 65_536, 'more than a pipe holds, or this shows nothing');
  assert.ok(text.endsWith('}\n'));
});

test('configurations are laid over each other in order, --set last', async () => {
  const over = file(
    'processors: {batch: {timeout: 1s, send_batch_size: 7}}\nservice: {pipelines: {traces: {processors: []}}}',
  );
  const words = ['print-config', '--config', file(idle), '--config', over, '--set', 'processors.batch.timeout=2s'];
  const { code, stdout, stderr } = await runBinary(words);
  assert.equal(code, 0, stderr);
  const printed = parse(stdout);
  assert.deepEqual(printed.processors.batch, { timeout: '2s', send_batch_size: 7 });
  assert.deepEqual(printed.service.pipelines.traces, { receivers: ['nop'], processors: [], exporters: ['nop'] });
});

test('null erases a section of an earlier configuration, {} does not', async () => {
  const base = file(idle);
  assert.equal((await runBinary(['validate', '--config', base, '--config', 'yaml:processors: {}'])).code, 0);
  const { code, stderr } = await runBinary(['validate', '--config', base, '--config', 'yaml:processors:']);
  assert.equal(code, 1);
  assert.match(stderr, /service::pipelines::traces: references processor "batch" which is not configured/);
});

test('variables: defaults, escapes, text and numbers, lists', async () => {
  const yaml = `
receivers: {nop: }
processors: {batch: {send_batch_size: "\${env:SIZE:-0123}", timeout: "\${TIMEOUT}"}}
exporters: {nop: , debug: {output_paths: "\${PATHS}"}}
service:
  telemetry: {resource: {a: "\${CODE}", b: "$\${CODE}", c: "x-\${CODE}"}}
  pipelines: {traces: {receivers: [nop], exporters: [nop]}}`;
  const env = { CODE: '0123', TIMEOUT: '3s', PATHS: '[stdout, stderr]' };
  const { code, stdout, stderr } = await runBinary(['print-config', '--config', file(yaml)], env);
  assert.equal(code, 0, stderr);
  const { processors, exporters, service } = parse(stdout);
  assert.deepEqual(processors.batch, { send_batch_size: 83, timeout: '3s' });
  assert.deepEqual(exporters.debug.output_paths, ['stdout', 'stderr']);
  assert.equal(service.telemetry.resource.b, '${CODE}');
  assert.equal(service.telemetry.resource.c, 'x-0123');
});

test('configuration comes from file:, yaml:, env: and http: as well', async () => {
  const server = createServer((_request, response) => response.end('processors::batch::timeout: 4s'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  const locations = [`file:${file(idle)}`, 'yaml:processors::batch::send_batch_size: 9', url, 'env:MORE'];
  const words = ['print-config', '--format', 'json', ...locations.flatMap((location) => ['--config', location])];
  const { stdout, stderr } = await runBinary(words, { MORE: '{processors: {batch/2: {timeout: 5s}}}' });
  server.close();
  server.closeAllConnections();
  assert.notEqual(stdout, '', stderr);
  assert.deepEqual(JSON.parse(stdout).processors, {
    batch: { timeout: '4s', send_batch_size: 9 },
    'batch/2': { timeout: '5s' },
  });
});

test('SIGHUP reads the configuration again in the same process; a broken one ends it with 1', async (t) => {
  const path = file(idle);
  const running = await startBinary(t, ['--config', path]);
  const { pid } = running.child;
  writeFileSync(path, idle.replaceAll('batch', 'batch/2'));
  let from = running.stderr().length;
  running.child.kill('SIGHUP');
  await running.until('Everything is ready.', from);
  assert.match(running.stderr().slice(from), /Config updated, restart service/);
  assert.equal(running.child.pid, pid);
  writeFileSync(path, 'receivers: {none: }');
  from = running.stderr().length;
  const { code } = await running.end('SIGHUP');
  assert.equal(code, 1);
  assert.match(
    running.stderr().slice(from),
    /Error: invalid configuration:[\s\S]*receivers::none: unknown type: "none"/,
  );
});

test('SIGTERM hands on what is held, within 10 s, and ends with 0', async (t) => {
  const peer = await backend();
  const running = await startBinary(t, ['--config', file(forwarding(peer.url, { processors: 'batch' }))]);
  const response = await post(`${running.url('OTLP/HTTP')}/v1/traces`, span('kept'));
  assert.equal(response.status, 200);
  assert.equal(peer.bodies.length, 0);
  const startMs = performance.now();
  const { code, stderr } = await running.end('SIGTERM');
  assert.equal(code, 0);
  assert.ok(performance.now() - startMs < 10_000);
  assert.equal(peer.bodies.length, 1);
  assert.ok(peer.bodies[0]!.includes('kept'));
  for (const marker of [
    'Starting otelcol-deepflow...',
    'Received signal from OS',
    'Starting shutdown...',
    'Shutdown complete.',
  ]) {
    assert.ok(stderr.includes(marker), marker);
  }
  peer.close();
});

test('own metrics have the names and labels of the upstream Collector, without _total', async (t) => {
  const peer = await backend();
  const running = await startBinary(t, ['--config', file(forwarding(peer.url))]);
  await post(`${running.url('OTLP/HTTP')}/v1/traces`, span('a'));
  const text = await untilMetric(running, /otelcol_exporter_sent_spans\{exporter="otlp_http"\} 1/);
  assert.match(text, /^otelcol_receiver_accepted_spans\{receiver="otlp",transport="http"\} 1$/m);
  assert.match(text, /^otelcol_exporter_queue_capacity\{exporter="otlp_http",data_type="traces"\} 1000$/m);
  assert.match(text, /^otelcol_process_uptime \d/m);
  await running.end();
  peer.close();
});

async function untilMetric(running: Running, wanted: RegExp): Promise<string> {
  let text = '';
  for (let attempt = 0; attempt < 200; attempt++) {
    text = await (await fetch(running.url('own metrics'))).text();
    if (wanted.test(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${wanted} in:\n${text}`);
}

test('OTLP/HTTP refuses what is not OTLP with the codes of the upstream Collector', async (t) => {
  const peer = await backend();
  const running = await startBinary(t, ['--config', file(forwarding(peer.url))]);
  const url = `${running.url('OTLP/HTTP')}/v1/traces`;
  assert.equal((await fetch(url)).status, 405);
  assert.equal((await post(url, 'x', { 'content-type': 'text/plain' })).status, 415);
  const malformed = await post(url, '{"resourceSpans": 1}');
  assert.equal(malformed.status, 400);
  assert.equal(typeof ((await malformed.json()) as { message: string }).message, 'string');
  assert.equal((await post(url, {})).status, 200);
  await running.end();
  peer.close();
});

test('a full queue is a 503 to the sender, counted; the data it had taken is retried until the end', async (t) => {
  const exporter = ', sending_queue: {queue_size: 1}, retry_on_failure: {initial_interval: 60s}';
  const peer = await backend(503);
  const running = await startBinary(t, ['--config', file(forwarding(peer.url, { exporter }))]);
  const url = `${running.url('OTLP/HTTP')}/v1/traces`;
  assert.equal((await post(url, span('a'))).status, 200);
  const refused = await post(url, span('b'));
  assert.equal(refused.status, 503);
  assert.match(((await refused.json()) as { message: string }).message, /sending queue is full/);
  await untilMetric(running, /otelcol_exporter_enqueue_failed_spans\{exporter="otlp_http"\} 1/);
  const { code, stderr } = await running.end();
  assert.equal(code, 0);
  assert.match(stderr, /Exporting failed\. Dropping data\..*"dropped_items":1/);
  peer.close();
});

test('health_check answers while the collector runs', async (t) => {
  const yaml = idle.replace(
    'service:',
    'extensions: {health_check: {endpoint: localhost:0}}\nservice:\n  extensions: [health_check]',
  );
  const running = await startBinary(t, ['--config', file(yaml)]);
  const response = await fetch(running.url('health check'));
  assert.equal(response.status, 200);
  assert.equal(((await response.json()) as { status: string }).status, 'Server available');
  await running.end();
});

test('former names of components work, with a warning', async () => {
  const yaml = idle.replaceAll(
    'exporters: {nop: }',
    'exporters: {otlp: {endpoint: "localhost:1"}, otlphttp: {endpoint: "http://localhost:1"}, nop: }',
  );
  const { code, stderr } = await runBinary(['validate', '--config', file(yaml)]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /exporters::otlp: "otlp" alias is deprecated; use "otlp_grpc" instead/);
  assert.match(stderr, /exporters::otlphttp: "otlphttp" alias is deprecated; use "otlp_http" instead/);
});

test('workers share the port, and what they count adds up', async (t) => {
  const peer = await backend();
  const running = await startBinary(t, [
    '--workers',
    '2',
    '--config',
    file(forwarding(peer.url).replace('localhost:0', `localhost:${await freePort()}`)),
  ]);
  const url = `${running.url('OTLP/HTTP')}/v1/traces`;
  const headers = { connection: 'close' };
  for (let request = 0; request < 20; request++) assert.equal((await post(url, span('a'), headers)).status, 200);
  await untilMetric(running, /otelcol_receiver_accepted_spans\{receiver="otlp",transport="http"\} 20/);
  const { code } = await running.end();
  assert.equal(code, 0);
  assert.equal(peer.bodies.length, 20);
  peer.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a taken port ends the start with 1 and says what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const workers of ['1', '2']) {
    const yaml = forwarding('http://localhost:1').replace('localhost:0', `localhost:${port}`);
    const { code, stderr } = await runBinary(['--workers', workers, '--config', file(yaml)]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`Error: failed to start "otlp" receiver: .*port ${port} is taken by another process`),
    );
  }
  server.close();
});

test('print-config hides secrets unless asked', async () => {
  const yaml = idle.replace(
    '{nop: }\nservice',
    '{nop: , otlp_http: {endpoint: "http://localhost:1", headers: {authorization: hush}}}\nservice',
  );
  const hidden = await runBinary(['print-config', '--config', file(yaml)]);
  assert.match(hidden.stdout, /authorization: "?\[REDACTED\]/);
  const shown = await runBinary(['print-config', '--mode', 'unredacted', '--config', file(yaml)]);
  assert.match(shown.stdout, /authorization: hush/);
});

test('schema prints a JSON schema of every section, with descriptions', async () => {
  const { code, stdout } = await runBinary(['schema']);
  assert.equal(code, 0);
  const schema = JSON.parse(stdout);
  const batch = schema.properties.processors.patternProperties['^(batch)\\s*(/.*)?$'].anyOf[0];
  assert.equal(batch.properties.send_batch_size.default, 8192);
  assert.match(batch.properties.send_batch_size.description, /A batch is sent/);
  assert.ok('^(otlp_grpc|otlp)\\s*(/.*)?$' in schema.properties.exporters.patternProperties);
});

test('featuregate lists the gates', async () => {
  const { stdout } = await runBinary(['featuregate', 'service.profilesSupport']);
  assert.match(stdout, /^ID +Enabled +Stage +Description\nservice\.profilesSupport +true +Beta +Allow/);
});

test('the binary works through a link and from any directory', async () => {
  const link = join(directory, 'otelcol');
  symlinkSync(fileURLToPath(new URL('../bin/otelcol-deepflow', import.meta.url)), link);
  const { execFileSync } = await import('node:child_process');
  assert.match(
    execFileSync(link, ['--version'], { cwd: directory, encoding: 'utf8' }),
    /^otelcol-deepflow version \d+\.\d+\.\d+\n$/,
  );
});

const usage: [string, string[], RegExp][] = [
  ['an unknown command', ['validat'], /unknown command "validat" for "otelcol-deepflow"; did you mean "validate"\?/],
  ['an unknown flag', ['--confg', 'x'], /unknown flag: --confg; did you mean "config"\?/],
  ['a flag without its value', ['--config'], /flag needs an argument: --config/],
  ['--set without =', ['--config', 'x', '--set', 'a.b'], /missing equal sign/],
  ['an unknown gate', ['--config', 'x', '--feature-gates', 'none'], /no such feature gate "none"/],
  ['a number of workers that is none', ['--workers', '0'], /--workers 0: write a number from 1 to 256, or auto/],
  [
    'a file that is not there',
    ['--config', '/none.yaml'],
    /unable to read the file \/none\.yaml: there is no such file/,
  ],
];
for (const [what, words, message] of usage) {
  test(`ends with 1 on ${what}`, async () => {
    const { code, stdout, stderr } = await runBinary(words);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  });
}
