/** Calls are read right out of events in any order the kernel may tell them, and out of what is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventConstants } from '../../bpf/programs/event.gen.ts';
import type { FlowIdentity } from '../../flow/identity.ts';
import { Analysis } from '../../flow/l7/analysis.ts';
import type { Evidence } from '../../flow/l7/evidence.ts';
import { protocols } from '../../flow/l7/protocols.ts';
import { plainOptions } from '../../flow/l7/testing/plain-options.ts';
import type { SocketEvent } from './socket-event.ts';
import type { Wish } from './socket-stream.ts';
import { SocketTable } from './socket-table.ts';
import { TableWatch } from './table-watch.ts';
import { testSocket } from './testing/events.ts';
import { Work } from './work.ts';

interface Seen {
  calls: string[];
  evidence: (Evidence | null)[];
  identities: FlowIdentity[];
  wishes: [number, Wish][];
  table: SocketTable;
}

function observe(events: readonly SocketEvent[]): Seen {
  const calls: string[] = [];
  const evidence: (Evidence | null)[] = [];
  const identities: FlowIdentity[] = [];
  const wishes: [number, Wish][] = [];
  const analysis = new Analysis(protocols, plainOptions, (_protocol, { identity }, request, response, outcome) => {
    const { observationPoint, clientPort, serverPort, socket } = identity;
    const what = `${request?.method ?? '-'} ${request?.resource ?? '-'} ${response?.statusCode ?? '-'}`;
    calls.push(
      `${observationPoint} ${clientPort}>${serverPort} ${what} ${outcome} ${socket?.tlsLibrary ?? ''}`.trimEnd(),
    );
    identities.push(identity);
    evidence.push(request?.evidence ?? null, response?.evidence ?? null);
  });
  const table = new SocketTable({
    analysis,
    timeOf: (ns) => ns,
    processOf: (pid) => ({
      key: `p${pid}`,
      serviceName: `service-${pid}`,
      resource: () => new Uint8Array(),
      isOver: false,
      isWanted: true,
      isProcess: true,
    }),
    guessRole: (event) => (event.localPort < event.remotePort ? 'server' : 'client'),
    wish: (socket, _port, _plane, wish) => void wishes.push([socket, wish]),
    maxSockets: 1000,
    encrypted() {},
    work: new Work(),
    tables: new TableWatch({ ask() {}, probe() {} }),
  });
  for (const event of events) table.take(event);
  return { calls, evidence, identities, wishes, table };
}

const request = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('a request and its response are a call of the client, and of the server', () => {
  const client = testSocket(1, 'client', 40000, 80);
  const server = testSocket(2, 'server', 80, 40000);
  const { calls, wishes } = observe([
    client.open(),
    client.write(request),
    server.read(request),
    server.write(response),
    client.read(response),
  ]);
  assert.deepEqual(calls, ['s-p 40000>80 GET /a 200 answered', 'c-p 40000>80 GET /a 200 answered']);
  assert.deepEqual(wishes, [
    [1, 'heads'],
    [2, 'heads'],
  ]);
});

test('a response that is told before its request waits for it', () => {
  const client = testSocket(1, 'client', 40000, 80);
  const first = client.write(request);
  const answer = client.read(response);
  const second = client.write('GET /b HTTP/1.1\r\nHost: x\r\n\r\n');
  const { calls, table } = observe([first, answer, client.read(response), second]);
  assert.deepEqual(calls, ['c-p 40000>80 GET /a 200 answered', 'c-p 40000>80 GET /b 200 answered']);
  assert.equal(table.counters.reordered, 1);
  assert.equal(table.counters.unordered, 0);
});

test('when the request was lost, its response waits in vain and is not given to another', () => {
  const client = testSocket(1, 'client', 40000, 80);
  const events = [client.write(request), client.read(response)];
  client.write('GET /lost HTTP/1.1\r\nHost: x\r\n\r\n');
  events.push(client.read(response));
  const { calls, table } = observe(events);
  assert.equal(calls.length, 1);
  table.tick(3e9);
  const after = [client.write('GET /c HTTP/1.1\r\nHost: x\r\n\r\n'), client.read(response)];
  for (const event of after) table.take(event);
  assert.equal(table.counters.unordered, 1);
  assert.ok(!calls.some((call) => call.includes('/c') && call.includes('unanswered')), calls.join('\n'));
  assert.equal(calls.filter((call) => call.includes('GET /c 200 answered')).length, 1, calls.join('\n'));
});

test('when an answer was lost, the next is not given to its request, nor to the one that came meanwhile', () => {
  const server = testSocket(2, 'server', 80, 40000);
  const ask = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const answer = (status: number) => `HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nok`;
  const events = [server.read(ask('/a')), server.write(answer(200)), server.read(ask('/b'))];
  server.write(answer(201));
  for (const [path, status] of [
    ['/c', 202],
    ['/d', 203],
    ['/e', 204],
  ] as const)
    events.push(server.read(ask(path)), server.write(answer(status)));
  const { calls } = observe(events);
  const whole = calls.filter((call) => call.endsWith(' answered'));
  assert.deepEqual(
    whole.map((call) => call.slice('s-p 40000>80 '.length)),
    ['GET /a 200 answered', 'GET /d 203 answered', 'GET /e 204 answered'],
  );
});

test('when the first answer of a connection was lost, the second is not given to the first request', () => {
  const client = testSocket(1, 'client', 40000, 80);
  const events = [client.write(request)];
  client.read(response);
  client.write(request);
  events.push(client.read(response));
  const { calls, table } = observe(events);
  table.tick(3e9);
  assert.deepEqual(calls, ['c-p 40000>80 GET /a - unanswered', 'c-p 40000>80 - - 200 unmatched_response']);
});

test('bytes that a limit cut off are passed over', () => {
  const server = testSocket(2, 'server', 80, 40000);
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n';
  const { calls } = observe([
    server.read(request),
    server.write(head, { length: head.length + 60_000 }),
    server.write('', { length: 40_000 }),
    server.read(request),
    server.write(response),
  ]);
  assert.deepEqual(calls, ['s-p 40000>80 GET /a 200 answered', 's-p 40000>80 GET /a 200 answered']);
});

test('when bytes that were left out are not all of a body more is asked for, and no answer is given to another request', () => {
  const client = testSocket(1, 'client', 40000, 80);
  const head = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n';
  const answer = (status: string) => response.replace('200 OK', status);
  const { calls, wishes } = observe([
    client.write(head, { length: head.length + 10 + request.length, flags: eventConstants.EVENT_CUT }),
    client.read(answer('201 Created')),
    client.read(answer('404 Not Found')),
    client.write(request.replace('/a', '/c')),
    client.read(answer('202 Accepted')),
    client.write(request.replace('/a', '/d')),
    client.read(answer('203 X')),
    client.write(request.slice(0, 20), { length: request.length, flags: eventConstants.EVENT_CUT }),
  ]);
  const told = calls.map((call) => call.replace('c-p 40000>80 ', ''));
  assert.deepEqual(wishes, [
    [1, 'messages'],
    [1, 'all'],
  ]);
  assert.deepEqual(told, [
    'POST /a 201 answered',
    '- - 404 unmatched_response',
    'GET /c 202 answered',
    'GET /d 203 answered',
  ]);
});

const bodies: [name: string, head: string][] = [
  ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n'],
  ['until the end of the connection', 'HTTP/1.1 200 OK\r\n\r\n'],
];
for (const [name, head] of bodies) {
  test(`a body ${name} whose bytes are left out is no reason to ask for more`, () => {
    const server = testSocket(1, 'server', 80, 40000);
    const sent = head + 'x'.repeat(1024 - head.length);
    const { wishes } = observe([
      server.read(request),
      server.write(sent, { length: 4096, flags: eventConstants.EVENT_CUT }),
      server.write('', { length: 800, flags: eventConstants.EVENT_CUT }),
      server.write('', { length: 104 + head.length, flags: eventConstants.EVENT_CUT }),
      server.read(request),
    ]);
    assert.deepEqual(wishes, [[1, 'heads']]);
  });
}

test('a write that was only done in part is begun anew and counts once', () => {
  const client = testSocket(1, 'client', 40000, 80);
  const half = request.length - 5;
  const first = client.write(request, { length: half, captured: half });
  const { calls } = observe([
    first,
    client.write(request, { sequence: first.sequence, captured: request.length, length: request.length }),
    client.read(response),
  ]);
  assert.deepEqual(calls, ['c-p 40000>80 GET /a 200 answered']);
});

test('what a TLS library shows is a stream of its own on the same connection', () => {
  const client = testSocket(1, 'client', 40000, 443);
  const inTheClear = { source: 2 };
  const { calls } = observe([
    client.write('\x16\x03\x01\x00\x05aaaaa'),
    client.write(request, inTheClear),
    client.read(response, inTheClear),
  ]);
  assert.deepEqual(calls, ['c-p 40000>443 GET /a 200 answered openssl']);
});

test('when probes came between a request and its answer, later answers are not given to the request before', () => {
  const inTheClear = { source: 2 };
  const commands = ['SET a 1', 'SET b 2', 'SET c 3', 'SET d 4', 'SET e 5'].map(
    (text) => `*3\r\n${[...text.split(' ')].map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`,
  );
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const kinds = [
    [commands, '+OK\r\n'],
    [['/a', '/b', '/c', '/d', '/e'].map(get), response],
  ] as const;
  for (const [requests, answer] of kinds) {
    for (const end of ['server', 'client'] as const) {
      const socket = testSocket(
        2,
        'unknown',
        ...((end === 'server' ? [443, 40000] : [40000, 443]) as [number, number]),
      );
      const ask = (text: string) => (end === 'server' ? socket.read(text, inTheClear) : socket.write(text, inTheClear));
      const tell = () => (end === 'server' ? socket.write(answer, inTheClear) : socket.read(answer, inTheClear));
      const [first, ...others] = requests;
      const events = [ask(first!), ...others.flatMap((text) => [ask(text), tell()])];
      const { calls } = observe(events);
      const answered = calls.filter((call) => call.includes(' answered'));
      assert.equal(answered.length, 3, calls.join('\n'));
      assert.ok(!answered.some((call) => / (a|b|\/a|\/b) /.test(call)), calls.join('\n'));
    }
  }
});

test('evidence is that of the call that moved the bytes, and the process that made it', () => {
  const server = testSocket(2, 'server', 80, 40000);
  const { evidence } = observe([
    server.open(),
    server.read(request, { pid: 300, tid: 301, traceId: 5, goroutine: 9, parentGoroutine: 8 }),
    server.write(response, { pid: 300, tid: 302, traceId: 6 }),
  ]);
  assert.equal(evidence[0]!.process.serviceName, 'service-300');
  assert.deepEqual(
    evidence.map((one) => [one!.threadId, one!.syscallTraceId, one!.goroutineId]),
    [
      [301, 5, 9],
      [302, 6, 0],
    ],
  );
});

test('a socket whose address is used again is another connection', () => {
  const { calls, table } = observe([
    testSocket(1, 'client', 40000, 80).write(request),
    testSocket(1, 'client', 40001, 80).write(request),
  ]);
  assert.deepEqual(calls, ['c-p 40000>80 GET /a - unanswered']);
  assert.equal(table.size, 1);
});

/** Its events are of an AF_UNIX socket whose file has that inode, with `peer` at the other end. */
function testUnixSocket(socket: number, role: 'client' | 'server', peer: number, inode = socket) {
  const base = testSocket(socket, role, 0, 0);
  const mark = (event: SocketEvent, path = ''): SocketEvent => {
    const bytes = Buffer.concat([event.bytes.subarray(0, 32), Buffer.from(path || event.bytes.subarray(32))]);
    bytes.writeBigUInt64LE(BigInt(inode), 0);
    bytes.writeBigUInt64LE(BigInt(peer), 16);
    bytes.writeBigUInt64LE(BigInt(role === 'server' ? peer : 0), 24);
    const captured = bytes.length - 32;
    return { ...event, bytes, captured, flags: eventConstants.EVENT_UNIX, family: 0, transport: 0, otherSequence: 0 };
  };
  return {
    open: (path: string) => mark(base.open(), path),
    write: (text: string, change = {}) => mark(base.write(text, change)),
    read: (text: string, change = {}) => mark(base.read(text, change)),
    close: () => base.close(),
  };
}

test('over AF_UNIX the server has the path for an address, and both ends agree who talks with whom', () => {
  const client = testUnixSocket(1, 'client', 2);
  const server = testUnixSocket(2, 'server', 1);
  const { calls, identities } = observe([
    client.open('/run/a\0'),
    client.write(request),
    server.open('/run/a\0'),
    server.read(request),
    server.write(response),
    client.read(response),
  ]);
  assert.deepEqual(calls, ['s-p 0>0 GET /a 200 answered', 'c-p 0>0 GET /a 200 answered']);
  const [atServer, atClient] = identities;
  assert.equal(atServer!.socket?.unixPair, atClient!.socket?.unixPair);
  for (const { serverAddress, clientAddress } of identities)
    assert.deepEqual([serverAddress, clientAddress], ['/run/a', '']);
});

test('an abstract name is written with @, and belongs to the socket whose inode it was told with', () => {
  const { identities } = observe([
    ...(({ open, write, read }) => [open('\0name'), write(request), read(response)])(
      testUnixSocket(1, 'client', 2, 10),
    ),
    ...(({ write, read }) => [write(request), read(response)])(testUnixSocket(1, 'client', 2, 11)),
  ]);
  assert.deepEqual(
    identities.map(({ serverAddress }) => serverAddress),
    ['@name', ''],
  );
});

test('what a process alone used ends with it, and goes on when another uses it', () => {
  const unix = testUnixSocket(1, 'client', 2);
  const udp = testSocket(3, 'client', 40000, 53);
  const { table, calls, identities } = observe([
    unix.open('/run/a'),
    unix.write(request),
    udp.write('?', { transport: 17 }),
  ]);
  assert.equal(table.size, 2);
  table.exit(999, 2e9);
  assert.equal(table.size, 2);
  table.exit(100, 2e9);
  assert.equal(table.size, 0);
  assert.deepEqual(calls, ['c-p 0>0 GET /a - unanswered']);
  // Another process has it too: its path is still known.
  table.take(unix.write(request, { pid: 200 }));
  table.exit(200, 3e9);
  assert.equal(table.size, 0);
  assert.deepEqual(
    identities.map(({ serverAddress }) => serverAddress),
    ['/run/a', '/run/a'],
  );
});

test('a socket joined in the middle takes the role that is guessed', () => {
  const late = testSocket(3, 'unknown', 80, 40000);
  const { calls } = observe([late.read(request), late.write(response)]);
  assert.deepEqual(calls, ['s-p 40000>80 GET /a 200 answered']);
});
