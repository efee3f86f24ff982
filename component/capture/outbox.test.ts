import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeBody } from '../../wire/body-pool.ts';
import { createOutbox } from './outbox.ts';

function setUp(limitBytes: number) {
  const posted: Uint8Array[] = [];
  const dropped: number[] = [];
  const outbox = createOutbox({
    limitBytes,
    post: (_signal, message) => void posted.push(message),
    onDropped: (bytes) => void dropped.push(bytes),
  });
  const put = (...sizes: number[]) => outbox.put({ traces: sizes.map((size) => new Uint8Array(size)), logs: [] });
  return { outbox, posted, dropped, put };
}

test('posts up to half of the limit, then the rest as it is taken', async () => {
  const { outbox, posted, dropped, put } = setUp(100);
  put(30, 20, 25);
  assert.deepEqual(
    posted.map(({ length }) => length),
    [30, 20],
  );
  outbox.taken(30);
  assert.deepEqual(
    posted.map(({ length }) => length),
    [30, 20, 25],
  );
  outbox.taken(20);
  outbox.taken(25);
  await outbox.empty();
  assert.deepEqual(dropped, []);
});

test('beyond the limit the oldest that were not posted are dropped and counted', () => {
  const { outbox, posted, dropped, put } = setUp(100);
  put(50, 31, 32);
  put(33);
  assert.deepEqual(dropped, [31, 32]);
  outbox.taken(50);
  assert.deepEqual(
    posted.map(({ length }) => length),
    [50, 33],
  );
});

test('one message larger than the limit goes through alone', () => {
  const { outbox, posted, dropped, put } = setUp(100);
  put(500);
  put(7);
  assert.deepEqual([posted.length, dropped], [1, []]);
  outbox.taken(500);
  assert.equal(posted.length, 2);
});

test('who reads files waits for room', async () => {
  const { outbox, put } = setUp(100);
  put(50, 20);
  let room = false;
  const waiting = outbox.room().then(() => {
    room = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(room, false);
  outbox.taken(50);
  await waiting;
});

test('messages that share memory are copied, so that each can move to another thread', () => {
  const { outbox, posted } = setUp(100);
  const shared = new Uint8Array(20).fill(7);
  outbox.put({ traces: [shared.subarray(5, 9)], logs: [] });
  assert.deepEqual([posted[0]!.buffer.byteLength, [...posted[0]!]], [4, [7, 7, 7, 7]]);
});

test('memory of the pool moves as it is, and is used again when it comes back', () => {
  const { outbox, posted } = setUp(100_000);
  const message = takeBody(20_000);
  outbox.put({ traces: [message], logs: [] });
  assert.equal(posted[0], message);
  const { buffer } = structuredClone(message, { transfer: [message.buffer as ArrayBuffer] });
  outbox.taken(20_000, buffer as ArrayBuffer);
  assert.equal(takeBody(20_000).buffer, buffer);
});
