/** HTTP/2 of which an observer inside a process sees the first bytes of each system call: long bodies end in what was not looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, join } from '../testing/bytes.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import http2 from './index.ts';
import { data, endHeaders, endStream, fields, frame, get, headers, message, open, post } from './testing/frames.ts';

const part = 'x'.repeat(1000);
const partFrame = 1009;
/** `x-a: b` is added to the table of the side that sends it, where it is index 62. */
const added = hex('40 03 782d61 01 62');
const again = hex('be');

const told = ({ calls }: TestStream) =>
  calls.map(({ outcome, request, response }) => [
    outcome,
    request?.id,
    response?.statusCode,
    response?.complete,
    response?.facts?.get('partial'),
    response?.facts?.get('dataLength'),
  ]);

function ask(stream: TestStream, ...ids: number[]): void {
  for (const id of ids) stream.client(headers(id, endStream, get('/long')));
}

function answer(id: number, length: number): Buffer {
  const block = join(fields({ ':status': '200', 'content-length': String(length) }), added);
  return join(frame(1, endHeaders, id, block), data(id, 0, part));
}

/** The whole table is still known: a block that refers to it is read whole. */
const short = (id: number): Buffer => frame(1, endHeaders | endStream, id, hex('88'), again);

for (const [name, hidden] of [
  ['the last frame ends the stream', [partFrame, partFrame + 500 - 1000]],
  ['an empty frame does', [partFrame, partFrame + 500 - 1000, 9]],
] as const)
  test(`a body as long as it was said to be ends where it was not looked at: ${name}`, () => {
    const stream = createTestStream([http2]);
    stream.client(open);
    ask(stream, 1);
    stream.server(answer(1, 2500));
    stream.unseen(
      1,
      hidden.reduce((sum, length) => sum + length),
    );
    assert.deepEqual(told(stream), [['answered', 1, 200, true, undefined, 2500]]);
    ask(stream, 3);
    stream.server(short(3));
    assert.deepEqual(told(stream)[1], ['answered', 3, 200, true, undefined, undefined]);
  });

test('whole frames in the middle of a body are passed over, and the table stays known', () => {
  const stream = createTestStream([http2]);
  stream.client(open);
  ask(stream, 1);
  stream.server(answer(1, 10_000));
  stream.unseen(1, 3 * partFrame);
  stream.server(data(1, 0, part));
  stream.unseen(1, 5 * partFrame);
  assert.deepEqual(told(stream), [['answered', 1, 200, true, undefined, 10_000]]);
  ask(stream, 3);
  stream.server(short(3));
  assert.deepEqual(told(stream)[1], ['answered', 3, 200, true, undefined, undefined]);
});

test('of a body whose length was not said the end is told after a second of silence, as of when bytes passed last', () => {
  const stream = createTestStream([http2]);
  stream.client(open);
  ask(stream, 1);
  stream.server(join(headers(1, 0, { ':status': '200' }), data(1, 0, part)));
  stream.unseen(1, 2 * partFrame);
  stream.wait(0.5);
  assert.deepEqual(told(stream), []);
  stream.wait(0.6);
  assert.deepEqual(told(stream), [['answered', 1, 200, false, undefined, 3000]]);
  const { request, response } = stream.calls[0]!;
  assert.equal(response!.endNs - request!.timeNs, 2e6);
});

test('where several calls are under way, what was not looked at may be of any: told after a second, once', () => {
  const stream = createTestStream([http2]);
  stream.client(open);
  ask(stream, 1, 3);
  stream.server(answer(1, 2000));
  stream.unseen(1, partFrame);
  stream.wait(1.1);
  assert.deepEqual(told(stream), [['answered', 1, 200, false, undefined, 1000]]);
  stream.server(join(data(1, endStream, part), headers(3, endStream, { ':status': '204' })));
  assert.deepEqual(told(stream)[1], ['answered', 3, 204, true, undefined, undefined]);
  assert.equal(stream.calls.length, 2);
});

test('a stream that goes on after bytes were lost is told at its end', () => {
  const stream = createTestStream([http2]);
  stream.client(open);
  ask(stream, 1);
  stream.server(join(headers(1, 0, { ':status': '200' }), data(1, 0, part)));
  stream.gap(1, 500);
  stream.server(data(1, 0, part));
  stream.wait(5);
  stream.server(data(1, endStream, part));
  assert.deepEqual(told(stream), [['answered', 1, 200, false, undefined, 3000]]);
});

test('a call of gRPC waits longer, and its late trailers are no answer of their own', () => {
  const stream = createTestStream([http2]);
  const large = message('y'.repeat(3000));
  stream.client(join(open, headers(1, 0, post('/p.S/M')), data(1, endStream, message('a'))));
  stream.server(
    join(headers(1, 0, { ':status': '200', 'content-type': 'application/grpc' }), data(1, 0, large.subarray(0, 1000))),
  );
  stream.unseen(1, 2100);
  stream.wait(5);
  assert.deepEqual(told(stream), []);
  stream.wait(6);
  assert.deepEqual(told(stream).length, 1);
  assert.equal(stream.calls[0]!.outcome, 'answered');
  stream.server(headers(1, endStream, { 'grpc-status': '0' }));
  assert.equal(stream.calls.length, 1);
});
