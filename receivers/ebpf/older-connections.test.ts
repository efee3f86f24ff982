/** HTTP/2 connections that are older than we are: read with the tables that their process was seen to have, or as well as can be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventKind, eventSource } from '../../bpf/programs/event.gen.ts';
import { headerRecord, type TestTable } from '../../bpf/testing/header-record.ts';
import { Analysis } from '../../flow/l7/analysis.ts';
import { protocols } from '../../flow/l7/protocols.ts';
import { plainOptions } from '../../flow/l7/testing/plain-options.ts';
import type { SocketEvent } from './socket-event.ts';
import { SocketTable } from './socket-table.ts';
import { TableWaits } from './table-waits.ts';
import { TableWatch } from './table-watch.ts';
import { type TestSocket, testSocket } from './testing/events.ts';
import { Work } from './work.ts';

const pid = 100;
const coder = 0xc000010000;

function start(isProbed = true) {
  const calls: string[] = [];
  const asked: string[] = [];
  const wishes: string[] = [];
  const analysis = new Analysis(protocols, plainOptions, (_protocol, _session, request, response) => {
    const partial = [request, response].some((message) => message?.textFact('partial') === 'true');
    const { method = '-', resource = '-' } = request ?? {};
    calls.push(`${method} ${resource} ${response?.statusCode ?? '-'}${partial ? ' in part' : ''}`);
  });
  const tables = new TableWatch({
    ask: (socket, direction) => asked.push(`${socket} ${direction}`),
    probe: (process) => asked.push(`process ${process}`),
  });
  tables.set(pid, isProbed);
  const table = new SocketTable({
    analysis,
    timeOf: (ns) => ns,
    processOf: () => ({
      key: '',
      serviceName: '',
      resource: () => new Uint8Array(),
      isOver: false,
      isWanted: true,
      isProcess: true,
    }),
    guessRole: (event) => (event.localPort < event.remotePort ? 'server' : 'client'),
    wish: (_socket, _port, plane, wish) => wishes.push(`${plane} ${wish}`),
    maxSockets: 1000,
    encrypted() {},
    work: new Work(),
    tables,
  });
  const take = (...events: SocketEvent[]) => {
    for (const event of events) table.take(event);
  };
  return { calls, asked, wishes, tables, table, take };
}

/** HEADERS that end their stream. */
function headers(stream: number, block: Buffer): string {
  const frame = Buffer.concat([Buffer.from([0, 0, block.length, 1, 5, 0, 0, 0, stream]), block]);
  return frame.toString('latin1');
}

/** What a probe tells of a socket's next block in that direction, in one record or the two of them that a writer tells. */
function told(socket: TestSocket, direction: 0 | 1, what: TestTable, isPlaced = true): SocketEvent {
  const change = { kind: eventKind.headers, direction, source: eventSource.goHttp2, length: 0 };
  const event = socket.link(0, 0, change);
  const payload = headerRecord(what);
  const bytes = Buffer.concat([event.bytes.subarray(0, 32), payload]);
  return { ...event, bytes, captured: payload.length, ...(isPlaced ? {} : { socket: 0, family: 0 }) };
}

const request = Buffer.of(0xc0, 0xbf, 0xbe);
const answer = Buffer.of(0xbe);
const requestFields = [
  ['x-request-id', 'r1'],
  [':path', '/old'],
  [':method', 'PATCH'],
] as const;
const answerFields = [[':status', '418']] as const;
const later = { timeNs: 2e9, beginNs: 2e9 };

for (const [name, source] of [
  ['in the clear', eventSource.syscall],
  ['inside TLS', eventSource.goTls],
] as const) {
  test(`a server, ${name}: bytes wait for the table that is told after they were read, from the first call on`, () => {
    const { calls, take } = start();
    const server = testSocket(2, 'unknown', 81, 40000);
    const frame = headers(1, request);
    if (source === eventSource.goTls) take(server.read(`\x17\x03\x03\0\x80${'?'.repeat(128)}`));
    take(server.read(frame.slice(0, 9), { source }), server.read(frame.slice(9), { source }));
    take(told(server, 0, { coder, stream: 1, block: request, fields: requestFields }));
    take(told(server, 1, { coder: coder + 8, fields: answerFields }, false));
    take(told(server, 1, { coder: coder + 8, stream: 1, block: answer }));
    take(server.write(headers(1, answer), { source }));
    take(server.read(headers(3, request), { source }), server.write(headers(3, answer), { source }));
    assert.deepEqual(calls, ['PATCH /old 418', 'PATCH /old 418']);
  });
}

test('a client: the answer waits, and what comes after it on its socket, too', () => {
  const { calls, take, table } = start();
  const client = testSocket(1, 'unknown', 40000, 81);
  take(told(client, 1, { coder, fields: requestFields }, false), told(client, 1, { coder, stream: 1, block: request }));
  take(client.write(headers(1, request)), client.read(headers(1, answer)), client.close());
  assert.equal(table.size, 1);
  take(told(client, 0, { coder: coder + 8, stream: 1, block: answer, fields: answerFields }));
  assert.deepEqual(calls, ['PATCH /old 418']);
  assert.equal(table.size, 0);
});

test('a table that another process told of an encoder at the same address is not taken', () => {
  const { calls, take } = start();
  const client = testSocket(1, 'unknown', 40000, 81);
  take({ ...told(client, 1, { coder, fields: requestFields }, false), pid: pid + 1 });
  take(told(client, 1, { coder, stream: 1, block: request }), client.write(headers(1, request)));
  const read = client.read(headers(1, answer));
  take(read, told(client, 0, { coder, stream: 1, block: answer, fields: answerFields }));
  assert.deepEqual(calls, ['  418 in part']);
});

test('bytes that wait in vain go on after 100 ms, and the table is asked for', () => {
  const { calls, asked, take, table } = start();
  const server = testSocket(2, 'unknown', 81, 40000);
  const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).toString('latin1');
  take(server.read(ping + headers(1, Buffer.of(0x82, 0xbe))), server.write(headers(1, Buffer.of(0x88))));
  table.tick(1.05e9);
  assert.deepEqual(calls, []);
  table.tick(1.2e9);
  assert.deepEqual(calls, ['GET  200 in part']);
  take(server.write(headers(3, Buffer.of(0x88)), later));
  assert.deepEqual(asked, ['2 1', `process ${pid}`]);
});

test('a connection that was given up is looked at again when its process is probed', () => {
  const { calls, wishes, tables, take, table } = start(false);
  const server = testSocket(2, 'unknown', 81, 40000);
  const data = String.fromCharCode(0, 1, 0x90, 0, 0, 0, 0, 0, 1) + '?'.repeat(400);
  for (let count = 0; count < 30 && wishes.length === 0; count++) take(server.read(data));
  assert.deepEqual(wishes, ['wire nothing']);
  tables.set(pid, true);
  table.lookAgain(pid);
  assert.deepEqual(wishes.splice(0), ['wire nothing', 'wire all']);
  take(server.read(headers(31, request)));
  take(told(server, 0, { coder, stream: 31, block: request, fields: requestFields }));
  take(server.write(headers(31, Buffer.of(0x88))));
  assert.deepEqual(calls, ['PATCH /old 200']);
});

test('what the bytes were taken for gives way to what is told', () => {
  const { calls, take } = start();
  const server = testSocket(2, 'unknown', 81, 40000);
  const redis = '*1\r\n$4\r\nPING\r\n';
  take(server.write('+OK\r\n'), server.read(redis));
  take(told(server, 0, { coder, stream: 1, block: Buffer.of(0xff) }), server.write('+PONG\r\n'));
  take(server.read(headers(3, request)));
  take(told(server, 0, { coder, stream: 3, block: request, fields: requestFields }));
  take(server.write(headers(3, Buffer.of(0x88))));
  assert.deepEqual(calls.at(-1), 'PATCH /old 200');
});

test('events that wait are bounded: the oldest socket goes on when many bytes wait', () => {
  const released: number[] = [];
  const waits = new TableWaits((event, inVain) => void released.push(event.socket * (inVain ? 1 : -1)));
  const payload = 'x'.repeat(1 << 20);
  for (let socket = 1; socket <= 8; socket++) waits.add(testSocket(socket, 'unknown', 81, 40000).read(payload));
  assert.deepEqual(released, []);
  const many = testSocket(20, 'unknown', 81, 40000);
  for (let count = 0; count < 256; count++) waits.add(many.read('y'));
  assert.deepEqual(released.splice(0), [1, 20, ...new Array(255).fill(-20)]);
  waits.close();
  assert.deepEqual(released, [2, 3, 4, 5, 6, 7, 8]);
});

test('connections that were seen to open, and processes that are not probed, wait for nothing', () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
  const plain = Buffer.of(0x82, 0x84);
  for (const [isProbed, role] of [
    [true, 'server'],
    [false, 'unknown'],
  ] as const) {
    const { calls, asked, take } = start(isProbed);
    const server = testSocket(2, role, 81, 40000);
    take(server.open(), server.read(preface + headers(1, plain)), server.write(headers(1, Buffer.of(0x88))));
    assert.deepEqual(calls, ['GET / 200']);
    assert.deepEqual(asked, []);
  }
});
