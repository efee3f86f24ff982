/**
 * Connections of Go's HTTP/2 and gRPC that are older than the collector, whose tables of header fields are full: each call over them is told
 * whole, at each end that is Go.
 */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { type Owner, startCollector, temporaryFolder } from '../kit/collector.ts';
import { toSink } from '../kit/configuration.ts';
import { startSink } from '../kit/sink.ts';
import { until } from '../kit/wait.ts';
import { createSpanReader, type SeenSpan } from '../live/spans.ts';
import { whatIsMissing } from '../tcp-metrics/network.ts';
import { text } from './matching.ts';

const allKinds = ['http', 'https', 'grpc', 'grpcs'] as const;
type Kind = (typeof allKinds)[number];

/** Some 70 bytes of each call are new: the tables of 4 KiB have been filled and emptied several times. */
const before = 400;
const calls = 60;
/** Reads what the Go client reads, and makes the calls over HTTP/2 of Node.js. */
const nodeClient = `
const [kind, port] = process.argv[1].split('=');
const session = require('node:http2').connect(kind + '://127.0.0.1:' + port, { rejectUnauthorized: false });
const call = (id) => new Promise((resolve, reject) => {
  const stream = session.request({ ':method': 'PUT', ':path': '/old/friend', 'x-request-id': id });
  stream.on('error', reject).on('close', resolve).resume().end('x');
});
require('node:readline').createInterface(process.stdin).on('line', async (line) => {
  const [, prefix, count] = line.split(' ');
  for (let i = 0; i < Number(count); i++) await call(prefix + '-' + i);
  console.log('done');
});
`;

interface Case {
  name: string;
  flags?: string[];
  isBusy?: boolean;
  /** Kinds of calls, and whose ends are seen. */
  kinds?: readonly Kind[];
  ends?: readonly string[];
  isNode?: boolean;
}

const cases: readonly Case[] = [
  { name: 'idle connections' },
  { name: 'idle connections of stripped programs', flags: ['-ldflags', '-s -w'] },
  { name: 'busy connections', isBusy: true },
  { name: 'connections to a client that is not Go', kinds: ['http', 'https'], ends: ['s-p'], isNode: true },
];

for (const { name, flags = [], isBusy = false, kinds = allKinds, ends = ['c-p', 's-p'], isNode = false } of cases) {
  test(`Go: calls over ${name} that are older than the collector`, {
    skip: whatIsMissing(['go']) || false,
    timeout: 240_000,
  }, async (t) => {
    const program = join(temporaryFolder(t), 'gohttp2');
    const source = join(import.meta.dirname, 'gohttp2');
    execFileSync('go', ['build', ...flags, '-o', program, '.'], { cwd: source, timeout: 200_000, stdio: 'pipe' });
    const server = start(t, [program, 'server']);
    const ports = JSON.parse(await server.line()) as Record<Kind, number>;
    const clientProgram = isNode ? [process.execPath, '-e', nodeClient] : [program, 'client'];
    const clients = new Map(kinds.map((kind) => [kind, start(t, [...clientProgram, `${kind}=${ports[kind]}`])]));
    const call = (kind: Kind, prefix: string, count: number) => clients.get(kind)!.call(kind, prefix, count);
    for (const kind of kinds) await call(kind, 'before', before);

    let isReady = false;
    const during = kinds.slice(1).map(async (kind) => {
      while (isBusy && !isReady) await call(kind, 'during', 20);
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
      await call(kinds[0]!, prefix, 1);
      return until('all ends are told', 1000, async () => found(prefix).size === ends.length).catch(() => false);
    });
    isReady = true;
    await Promise.all(during);

    for (const kind of kinds) {
      await call(kind, kind, calls);
      await until('all ends of all calls', 15_000, async () => found(kind).size === ends.length * calls).catch(
        () => {},
      );
      const told = found(kind);
      const wrong: string[] = [];
      for (let i = 0; i < calls; i++) {
        for (const end of ends) {
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
  return toSink(port, { ebpf: { processes: { include: [executable] }, protocols: { obfuscate: false } } });
}
