/** Which request a syscall trace id works for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../flow/l7/message.ts';
import type { Session } from '../../flow/l7/session.ts';
import { Work } from './work.ts';

/** A connection of which one request waits, which came in with that id. */
function waiting(id: number) {
  const request = { evidence: { syscallTraceId: id } } as Message;
  const session = {
    findPending: (matches: (one: Message) => boolean) => (matches(request) ? request : undefined),
  } as Session;
  return { sessions: () => [session] };
}

const seed = 3_000_000_000_000;

test('the answer to what was asked meanwhile goes on with the same request', () => {
  const work = new Work();
  work.begin(seed, waiting(seed));
  work.goOn(seed, seed + 2);
  work.goOn(seed + 2, seed + 4);
  assert.equal(work.find(seed + 4)?.request.evidence?.syscallTraceId, seed);
});

test('an id that nobody began works for nothing, also where another had its place', () => {
  const work = new Work();
  work.begin(seed, waiting(seed));
  work.goOn(seed + 8192, seed + 2);
  assert.deepEqual(
    [work.find(0), work.find(seed + 1), work.find(seed + 2), work.find(seed + 8192)],
    Array(4).fill(undefined),
  );
});

test('the id that comes 8192 later takes the place', () => {
  const work = new Work();
  work.begin(seed, waiting(seed));
  work.begin(seed + 8192, waiting(seed + 8192));
  assert.equal(work.find(seed), undefined);
  assert.notEqual(work.find(seed + 8192), undefined);
});

test('what goes on for a connection is not begun anew by it', () => {
  const work = new Work();
  const connection = waiting(seed);
  work.begin(seed, connection);
  work.goOn(seed, seed + 2);
  work.begin(seed + 2, connection);
  assert.equal(work.find(seed + 2)?.request.evidence?.syscallTraceId, seed);
});
