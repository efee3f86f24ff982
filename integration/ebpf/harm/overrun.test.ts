/** A ring that overruns: what is lost is counted, no answer is given to another's request, and all is whole again afterwards. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, startCollector } from '../../kit/collector.ts';
import { freePorts } from '../../kit/ports.ts';
import { startSink } from '../../kit/sink.ts';
import { until } from '../../kit/wait.ts';
import { createSpanReader, type SeenSpan } from '../../live/spans.ts';
import { startRedis } from '../../servers/simple.ts';
import { traceHarm } from './configuration.ts';
import { idsOf, startEcho } from './echo-server.ts';
import { createPlace, whatPlaceNeeds } from './place.ts';

const missing = whatPlaceNeeds(['nginx', 'wrk', 'redis-server', 'redis-benchmark']);
const stormSeconds = 2;

test('events that find no room', { skip: missing || false, timeout: 60_000 }, async (t) => {
  const [echo, redis] = [await startEcho(), await startRedis()];
  t.after(() => Promise.all([echo.stop(), redis.stop()]));
  const sink = await startSink(t);
  const place = createPlace(t);
  for (const pid of [echo.pid, redis.pid]) place.move(pid);
  for (const pid of childrenOf(echo.pid)) place.move(pid);
  const [metricsPort] = await freePorts(1);
  const receiver = [
    'ring: {size: 256KiB, poll_interval: 1s}',
    'protocols: {obfuscate: false, captured_headers: [x-echo]}',
  ];
  const collector = await startCollector(
    t,
    [],
    [traceHarm({ cgroup: place.cgroup, sinkPort: sink.httpPort, metricsPort: metricsPort!, receiver })],
  );

  const web = await talk(echo.port, (i) => `GET /steady?id=s-${i} HTTP/1.1\r\nHost: harm\r\n\r\n`);
  // Every second command is none, so that its answer is an error.
  const store = await talk(redis.port, (i) => command(i % 2 === 0 ? 'GET' : 'NONE', `key-${i}`));
  t.after(() => [web, store].forEach(({ socket }) => void socket.destroy()));
  await sleep(500);
  const wrk = place.run('wrk', [
    '-t1',
    '-c8',
    `-d${stormSeconds}s`,
    '-s',
    new URL('ids.lua', import.meta.url).pathname,
    `http://127.0.0.1:${echo.port}/`,
  ]);
  const benchmark = place.run('redis-benchmark', [
    '-p',
    String(redis.port),
    '-c',
    '8',
    '-P',
    '16',
    '-n',
    '20000',
    '-q',
    '-t',
    'set,get',
  ]);
  // However quick the reader is, while it stands still the ring overruns.
  for (let i = 0; i < 4; i++) {
    process.kill(collector.pid, 'SIGSTOP');
    await sleep(250);
    process.kill(collector.pid, 'SIGCONT');
    await sleep(250);
  }
  await Promise.all([wrk, benchmark]);
  // What came before is read by then.
  await sleep(2500);
  const [webFrom, storeFrom] = [web.count(), store.count()];
  await sleep(2000);
  const [webTo, storeTo] = [web.count(), store.count()];

  const isAfter = (index: number, from: number, to: number) => index >= from && index < to;
  const all: SeenSpan[] = [];
  const readNew = createSpanReader(sink);
  const afterwards = () => {
    all.push(...readNew());
    const spans = all.filter(({ attributes }) => attributes['deepflow.observation_point'] === 's-p');
    const ids = (list: SeenSpan[], pattern: RegExp, text: (span: SeenSpan) => string, from: number, to: number) =>
      list
        .map((span) => Number(pattern.exec(text(span))?.[1] ?? -1))
        .filter((index) => isAfter(index, from, to))
        .sort((a, b) => a - b);
    return {
      web: ids(spans, /^s-(\d+)$/, (span) => idsOf(span).asked, webFrom, webTo),
      store: ids(spans, / key-(\d+)/, ({ attributes }) => String(attributes['db.query.text']), storeFrom, storeTo),
    };
  };
  const expected = { web: range(webFrom, webTo), store: range(storeFrom, storeTo) };
  await until('all later calls', 10_000, async () => {
    const seen = afterwards();
    return seen.web.length >= expected.web.length && seen.store.length >= expected.store.length;
  }).catch(() => undefined);

  const lost = await lostEvents(metricsPort!);
  const answered = all
    .map((span) => ({ span, ...idsOf(span) }))
    .filter(({ span, answered }) => answered !== undefined && span.attributes['deepflow.call.outcome'] === 'answered');
  const wrong = answered.filter(({ asked, answered }) => asked !== answered);
  const commands = all.filter(({ attributes }) => / key-\d/.test(String(attributes['db.query.text'])));
  const wrongCommands = commands.filter(
    ({ failed, attributes }) =>
      attributes['deepflow.call.outcome'] === 'answered' &&
      failed !== /NONE/i.test(String(attributes['db.query.text'])),
  );
  t.diagnostic(
    `${lost} events lost; ${answered.length} answered HTTP calls, ${wrong.length} with another's answer; ${commands.length} commands, ` +
      `${wrongCommands.length} with another's; collector ${collector.rssBytes() >> 20} MiB`,
  );
  assert.ok(lost > 1000, `${lost} events were lost: too few to prove anything`);
  assert.deepEqual(wrong.slice(0, 5).map(textOf), []);
  assert.deepEqual(
    wrongCommands.slice(0, 5).map((span) => textOf({ span })),
    [],
  );
  assert.deepEqual(afterwards(), expected);
});

function textOf({ span, ...ids }: { span: SeenSpan }): string {
  const { attributes, startNs, endNs } = span;
  return JSON.stringify([ids, attributes['db.query.text'], attributes['deepflow.observation_point'], endNs - startNs]);
}

const command = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

interface Talk {
  socket: Socket;
  /** Requests that were answered; there is one at a time. */
  count(): number;
}

/** Asks as soon as the answer has come, a hundred times a second at most. */
async function talk(port: number, text: (index: number) => string): Promise<Talk> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let index = 0;
  const ask = () => void socket.write(text(index));
  socket.on('data', () => {
    index++;
    setTimeout(ask, 10);
  });
  socket.on('error', () => undefined);
  ask();
  return { socket, count: () => index };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

async function lostEvents(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^otelcol_receiver_ebpf_lost_events_total\{[^}]*\} (\S+)$/m.exec(text)?.[1] ?? -1);
}
