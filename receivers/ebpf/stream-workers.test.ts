/** Requests on streams of HTTP/2 take the goroutine that probes tell of, whether that is told before or after their bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Analysis } from '../../flow/l7/analysis.ts';
import { preface } from '../../flow/l7/http2/frames.ts';
import { protocols } from '../../flow/l7/protocols.ts';
import { plainOptions } from '../../flow/l7/testing/plain-options.ts';
import type { SocketEvent } from './socket-event.ts';
import { SocketTable } from './socket-table.ts';
import { StreamWorkers } from './stream-workers.ts';
import { TableWatch } from './table-watch.ts';
import { testSocket } from './testing/events.ts';
import { Work } from './work.ts';

/** HEADERS with END_STREAM and END_HEADERS; fields as literals that are not added to the table (RFC 7541 §6.2.2). */
function headers(stream: number, fields: Record<string, string>): string {
  const block = Object.entries(fields)
    .map(([name, value]) => `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`)
    .join('');
  return `\0\0${String.fromCharCode(block.length)}\x01\x05\0\0\0${String.fromCharCode(stream)}${block}`;
}

const settings = '\0\0\0\x04\0\0\0\0\0';
const ask = (stream: number, path: string) =>
  headers(stream, { ':method': 'GET', ':scheme': 'http', ':path': path, ':authority': 'h' });
const answer = (stream: number) => headers(stream, { ':status': '200' });

/** Per call: path, goroutine, parent and trace id of the request, goroutine and trace id of the response. */
function observe(events: readonly SocketEvent[]): { calls: string[]; work: Work } {
  const calls: string[] = [];
  const analysis = new Analysis(protocols, plainOptions, (_protocol, _session, request, response) => {
    const asked = request!.evidence!;
    const ids = `${asked.goroutineId} of ${asked.parentGoroutineId}, trace ${asked.syscallTraceId}`;
    calls.push(
      `${request!.resource}: ${ids}; ${response!.evidence!.goroutineId}, ${response!.evidence!.syscallTraceId}`,
    );
  });
  const work = new Work();
  const table = new SocketTable({
    analysis,
    timeOf: (ns) => ns,
    processOf: () => ({
      key: 'p',
      serviceName: 's',
      resource: () => new Uint8Array(),
      isOver: false,
      isWanted: true,
      isProcess: true,
    }),
    guessRole: () => 'server',
    wish() {},
    maxSockets: 10,
    encrypted() {},
    work,
    tables: new TableWatch({ ask() {}, probe() {} }),
  });
  for (const event of events) table.take(event);
  return { calls, work };
}

test('a server: each request is its handler’s, however many the connection’s goroutine read at once', () => {
  const server = testSocket(2, 'server', 81, 40000);
  const reader = { goroutine: 5, parentGoroutine: 1, traceId: 70 };
  const { calls } = observe([
    server.open(),
    server.read(preface + settings + ask(1, '/a') + ask(3, '/b'), reader),
    server.link(3, 12, { parentGoroutine: 5, traceId: 72 }),
    server.link(1, 11, { parentGoroutine: 5, traceId: 71 }),
    server.write(settings + answer(3) + answer(1), { goroutine: 6 }),
  ]);
  assert.deepEqual(calls, ['/b: 12 of 5, trace 72; 12, 72', '/a: 11 of 5, trace 71; 11, 71']);
});

test('a client: the caller is told before the bytes leave, or after', () => {
  const client = testSocket(1, 'client', 40000, 81);
  const writer = { goroutine: 6, parentGoroutine: 1, traceId: 0 };
  const { calls } = observe([
    client.open(),
    client.write(preface + settings, writer),
    client.link(1, 21, { parentGoroutine: 20, traceId: 80 }),
    client.write(ask(1, '/before') + ask(3, '/after'), writer),
    client.link(3, 31, { parentGoroutine: 30, traceId: 81 }),
    client.read(settings + answer(1) + answer(3), { goroutine: 7 }),
  ]);
  assert.deepEqual(calls, ['/before: 21 of 20, trace 80; 21, 80', '/after: 31 of 30, trace 81; 31, 81']);
});

test('a call that has ended stays as it is, and its stream is nobody else’s', () => {
  const server = testSocket(2, 'server', 81, 40000);
  const reader = { goroutine: 5, parentGoroutine: 1, traceId: 70 };
  const { calls } = observe([
    server.read(preface + settings + ask(1, '/a'), reader),
    server.write(settings + answer(1), { goroutine: 6 }),
    server.link(1, 11),
    server.read(ask(3, '/b'), reader),
    server.write(answer(3), { goroutine: 6 }),
  ]);
  assert.deepEqual(calls, ['/a: 5 of 1, trace 70; 6, 7', '/b: 5 of 1, trace 70; 6, 7']);
});

test('a link of another connection at the same address, or of none, is left alone', () => {
  const server = testSocket(2, 'server', 81, 40000);
  const { calls } = observe([
    server.link(1, 9),
    server.read(preface + settings + ask(1, '/a'), { goroutine: 5 }),
    server.link(1, 11, { remotePort: 40001 }),
    server.write(settings + answer(1), { goroutine: 6 }),
  ]);
  assert.deepEqual(calls, ['/a: 5 of 0, trace 7; 6, 7']);
});

test('what a handler does meanwhile finds its request by the id that the link told', () => {
  const server = testSocket(2, 'server', 81, 40000);
  const { work } = observe([
    server.read(preface + settings + ask(1, '/a') + ask(3, '/b'), { goroutine: 5 }),
    server.link(3, 12, { traceId: 72 }),
  ]);
  assert.equal(work.find(72)?.request.resource, '/b');
});

test('links whose requests never come are forgotten, the oldest first', () => {
  const workers = new StreamWorkers();
  const worker = { goroutineId: 1, parentGoroutineId: 0, syscallTraceId: 0 };
  for (let stream = 1; stream <= 1025; stream++) workers.add(stream, worker);
  assert.equal(workers.take(1), null);
  assert.equal(workers.take(1025), worker);
  assert.equal(workers.take(1025), null);
});
