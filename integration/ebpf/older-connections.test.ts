/**
 * Connections of Go's HTTP/2 and gRPC that are older than the collector, whose tables of header fields are full: each call over them is told
 * whole, at both ends.
 */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { type Owner, startCollector, temporaryFolder } from '../kit/collector.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { createSpanReader, type SeenSpan } from '../live/spans.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';
import { text } from './matching.ts';

const kinds = ['http', 'https', 'grpc', 'grpcs'] as const;
type Kind = (typeof kinds)[number];

/** Some 70 bytes of each call are new: the tables of 4 KiB have been filled and emptied several times. */
const before = 400;
const calls = 60;
const cases: [name: string, flags: string[], busy: boolean][] = [
  ['idle connections', [], false],
  ['idle connections of stripped programs', ['-ldflags', '-s -w'], false],
  ['busy connections', [], true],
];

for (const [name, flags, busy] of cases) {
  test(`Go: calls over ${name} that are older than the collector`, {
    skip: whatIsMissing(['go']) || false,
    timeout: 240_000,
  }, async (t) => {
    const program = join(temporaryFolder(t), 'gohttp2');
    const source = join(import.meta.dirname, 'gohttp2');
    execFileSync('go', ['build', ...flags, '-o', program, '.'], { cwd: source, timeout: 200_000, stdio: 'pipe' });
    const server = start(t, [program, 'server']);
    const ports = JSON.parse(await server.line()) as Record<Kind, number>;
    const clients = new Map(kinds.map((kind) => [kind, start(t, [program, 'client', `${kind}=${ports[kind]}`])]));
    const call = (kind: Kind, prefix: string, count: number) => clients.get(kind)!.call(kind, prefix, count);
    for (const kind of kinds) await call(kind, 'before', before);

    let isReady = false;
    const during = kinds.slice(1).map(async (kind) => {
      while (busy && !isReady) await call(kind, 'during', 20);
    });
    const sink = await startSink(t);
    await startCollector(t, [], [configuration(program, sink.httpPort)]);
    const read = createSpanReader(sink);
    const spans: SeenSpan[] = [];
    /** Spans of the calls with that prefix, by X-Request-ID and end; a call whose id could not be read has none. */
    const found = (prefix: string): Map<string, SeenSpan> => {
      spans.push(...read());
      const own = spans.filter((span) => text(span, 'deepflow.x_request_id').startsWith(`${prefix}-`));
      return new Map(
        own.map((span) => [`${text(span, 'deepflow.x_request_id')} ${text(span, 'deepflow.observation_point')}`, span]),
      );
    };
    let round = 0;
    await until('the probes are there', 20_000, async () => {
      const prefix = `probe${round++}`;
      await call(kinds[0], prefix, 1);
      return until('both ends are told', 1000, async () => found(prefix).size === 2).catch(() => false);
    });
    isReady = true;
    await Promise.all(during);

    for (const kind of kinds) {
      await call(kind, kind, calls);
      await until('both ends of all calls', 15_000, async () => found(kind).size === 2 * calls).catch(() => {});
      const told = found(kind);
      const wrong: string[] = [];
      for (let i = 0; i < calls; i++) {
        for (const end of ['c-p', 's-p']) {
          const span = told.get(`${kind}-${i} ${end}`);
          const is = span === undefined ? 'not told' : what(span);
          if (is !== expected(kind, i)) wrong.push(`${i} ${end}: ${is}`);
        }
      }
      assert.deepEqual(wrong, [], kind);
    }
  });
}

function what(span: SeenSpan): string {
  const keys = [
    'http.request.method',
    'url.path',
    'http.response.status_code',
    'rpc.method',
    'rpc.response.status_code',
  ];
  return keys
    .map((key) => text(span, key))
    .filter((value) => value !== '')
    .join(' ');
}

function expected(kind: Kind, number: number): string {
  if (kind.startsWith('http')) return 'PUT /old/friend 202';
  return `old.Friend/Meet ${number % 2 === 1 ? 'ALREADY_EXISTS' : 'OK'}`;
}

interface Running {
  line(): Promise<string>;
  call(kind: Kind, prefix: string, count: number): Promise<void>;
}

function start(t: Owner, [command, ...args]: string[]): Running {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(command!, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  return {
    line,
    async call(kind, prefix, count) {
      child.stdin.write(`${kind} ${prefix} ${count}\n`);
      assert.equal(await line(), 'done');
    },
  };
}

function configuration(executable: string, port: number): string {
  return `
receivers:
  ebpf:
    processes:
      include: [${JSON.stringify(executable)}]
    protocols:
      obfuscate: false
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:${port}
    compression: none
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [ebpf]
      exporters: [otlp_http]
`;
}
