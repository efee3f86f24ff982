/** How a connection's bytes reach a parser: windows, skipping, gaps, switches, roles, limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Analysis } from './analysis.ts';
import { Connection, windowBytes } from './connection.ts';
import type { Protocol } from './protocol.ts';
import { plainOptions } from './testing/plain-options.ts';
import { createTestStream, type TestStream, testIdentity } from './testing/stream.ts';
import { toy } from './testing/toy.ts';

const methods = ({ messages }: TestStream): string[] => messages.map(({ side, method }) => `${side}${method}`);

for (const pieces of [1, 2, 3, 100]) {
  test(`reads the same messages from pieces of ${pieces} bytes`, () => {
    const stream = createTestStream([toy], { pieces });
    stream.client(`Q2aaB02${'.'.repeat(20)}Q3bbb`);
    stream.server('R2xxR0R3yyy');
    assert.deepEqual(methods(stream), ['0aa', '0body', '0bbb', '1xx', '1', '1yyy']);
    assert.deepEqual(
      stream.messages.map(({ sizeBytes, offset }) => [offset, sizeBytes]),
      [
        [0, 4],
        [4, 23],
        [27, 5],
        [0, 4],
        [4, 2],
        [6, 5],
      ],
    );
  });
}

test('a body that is skipped ends the message when its last byte has come', () => {
  const stream = createTestStream([toy]);
  stream.client(`B02${'.'.repeat(10)}`);
  assert.equal(stream.messages.length, 0);
  stream.client('.'.repeat(10));
  const [message] = stream.messages;
  assert.equal(message!.endNs - message!.timeNs, 1e6);
  assert.equal(message!.complete, true);
});

test('bytes lost inside a skipped body cost nothing', () => {
  const stream = createTestStream([toy]);
  stream.client('B02...');
  stream.gap(0, 17);
  stream.client('Q2aa');
  assert.deepEqual(methods(stream), ['0body', '0aa']);
  assert.equal(stream.analysis.counters.lost, 0);
});

test('bytes lost elsewhere: what was half read is gone, and reading goes on where a message begins', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aaQ5ab');
  stream.gap(0, 3);
  stream.client('zzzzz');
  stream.client('Q2bb');
  assert.deepEqual(methods(stream), ['0aa', '0bb']);
});

test('a message cut off by the end of the connection is incomplete', () => {
  const stream = createTestStream([toy]);
  stream.client('B02...');
  stream.close();
  assert.equal(stream.messages[0]!.complete, false);
});

test('recognises the server by what it says, and swaps the ends', () => {
  const stream = createTestStream([toy]);
  stream.client('R2xx');
  assert.equal(stream.identity.serverAddress, '10.0.0.1');
  assert.deepEqual(methods(stream), ['1xx']);
});

test('what the other side sent before the protocol was known is read first', () => {
  const stream = createTestStream([toy]);
  stream.client('Q');
  stream.server('R2xx');
  stream.client('2aa');
  assert.deepEqual(methods(stream), ['1xx', '0aa']);
});

test('a connection that loses bytes now and then for long is read to its end', () => {
  const stream = createTestStream([toy]);
  for (let count = 0; count < 1000; count++) {
    for (let good = 0; good < 32; good++) stream.client('Q2aa');
    stream.gap(0, 10);
    stream.client('Q2bb?');
  }
  assert.equal(stream.client('Q2cc'), true);
  assert.equal(stream.messages.at(-1)!.method, 'cc');
});

test('a large answer that lost bytes is no reason to leave the connection alone', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aa');
  stream.gap(1, 10);
  for (let count = 0; count < 5000; count++) stream.server('?'.repeat(10));
  assert.equal(stream.server('R2xx'), true);
  assert.equal(stream.messages.at(-1)!.method, 'xx');
});

test('what never begins a message again is left alone', () => {
  const stream = createTestStream([toy]);
  stream.client('Q2aa');
  stream.gap(0, 10);
  let pieces = 0;
  while (pieces < 100_000 && stream.client('?')) pieces++;
  assert.ok(pieces < 20_000);
});

test('it keeps its own place: time, frame and sequence number', () => {
  const known: Protocol = { ...toy, probe: (input) => (toy.probe(input) === 'server' ? 'server' : 'more') };
  const stream = createTestStream([known]);
  stream.client('Q2aa');
  stream.server('R2xx');
  assert.deepEqual(
    stream.messages.map(({ side, timeNs, frame, seq }) => [side, timeNs, frame, seq]),
    [
      [0, 1e6, 1, 1000],
      [1, 2e6, 2, 5000],
    ],
  );
});

test('goes on with another protocol when the parser says so', () => {
  const second: Protocol = { ...toy, name: 'toy2', probe: () => 'no' };
  const stream = createTestStream([toy, second]);
  stream.client('Q2aaXQ2bb');
  assert.deepEqual(
    stream.calls.map(({ protocol }) => protocol),
    ['toy'],
  );
  stream.server('R2xx');
  assert.equal(stream.calls.at(-1)!.protocol, 'toy2');
});

test('wants no more when the parser stops', () => {
  const stream = createTestStream([toy]);
  assert.equal(stream.client('Q2aa'), true);
  assert.equal(stream.client('!Q2bb'), false);
  assert.equal(stream.client('Q2cc'), false);
  assert.deepEqual(methods(stream), ['0aa']);
});

test('an unknown protocol is left alone after some looks', () => {
  const first = createTestStream([toy]);
  let looks = 0;
  while (first.client('??') && looks < 100) looks++;
  assert.ok(looks < 20);
  assert.equal(first.analysis.counters.unrecognised, 1);
});

test('a head that does not fit the window is given up, and memory with it', () => {
  const endless: Protocol = { ...toy, createParser: () => ({ read: (input) => input.start }) };
  const stream = createTestStream([endless]);
  for (let sent = 0; sent < 4 * windowBytes; sent += 1024) stream.client('Q'.repeat(1024));
  assert.ok(stream.analysis.counters.tooLong > 0);
  assert.ok(stream.analysis.windows.usedBytes <= 4 * windowBytes);
  stream.close();
  assert.equal(stream.analysis.windows.usedBytes, 0);
});

test('datagrams are windows of their own', () => {
  const stream = createTestStream([toy], { transport: 'udp' });
  stream.client('Q2aaQ2');
  stream.client('Q2bb');
  assert.deepEqual(methods(stream), ['0aa', '0bb']);
});

for (const pieces of [1, 11, 100]) {
  test(`a PROXY header tells the real client and is no part of the stream, in pieces of ${pieces} bytes`, () => {
    const stream = createTestStream([toy], { pieces });
    stream.client('PROXY TCP4 203.0.113.7 10.0.0.2 51000 80\r\nQ2aa');
    stream.server('R2xx');
    assert.equal(stream.identity.realClientAddress, '203.0.113.7');
    assert.equal(stream.identity.realClientPort, 51000);
    assert.deepEqual(methods(stream), ['0aa', '1xx']);
  });
}

test('a change to a protocol that nobody reads ends the connection, whatever comes behind it', () => {
  const stream = createTestStream([toy]);
  assert.equal(stream.client('Q1aXQ1b'), false);
  stream.close();
  assert.deepEqual(methods(stream), ['0a']);
  assert.equal(stream.analysis.windows.usedBytes, 0);
});

test('what the other side sent before the protocol was known may end the connection', () => {
  const patient: Protocol = {
    ...toy,
    probe: (input) => (input.bytes[input.start] === 0x21 ? 'more' : toy.probe(input)),
  };
  const stream = createTestStream([patient]);
  stream.server('!');
  assert.equal(stream.client('Q1a'), false);
  stream.close();
  assert.deepEqual(methods(stream), []);
  assert.equal(stream.analysis.windows.usedBytes, 0);
});

test('a mistake in a parser costs its connection and is told; the next connection is read', () => {
  const broken: Protocol = {
    ...toy,
    createParser: () => ({
      read() {
        throw new Error('a mistake');
      },
    }),
  };
  const told: string[] = [];
  const analysis = new Analysis(
    [broken],
    plainOptions,
    () => {},
    null,
    (error, protocol) => {
      told.push(`${protocol}: ${(error as Error).message}`);
    },
  );
  for (let round = 0; round < 2; round++) {
    const connection = new Connection(testIdentity('tcp', 1234), analysis);
    const bytes = Buffer.from('Q2aa');
    assert.equal(connection.data(0, bytes, 0, bytes.length, 1, 1, 1), false);
    connection.close(2);
  }
  assert.deepEqual(told, ['toy: a mistake', 'toy: a mistake']);
  assert.equal(analysis.counters.failed, 2);
  assert.equal(analysis.windows.usedBytes, 0);
});
