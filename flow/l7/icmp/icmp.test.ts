/** Ping: pairs by identifier and sequence, both versions, lost replies, broken bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream } from '../testing/stream.ts';
import icmp from './index.ts';

const echo = (type: number, id: number, sequence: number): Buffer =>
  Buffer.from([type, 0, 0, 0, 0, id, 0, sequence, 1, 2, 3]);

for (const [version, request, reply] of [
  ['4', 8, 0],
  ['6', 128, 129],
] as const) {
  test(`ping of version ${version}: replies meet their requests in any order`, () => {
    const stream = createTestStream([icmp], { transport: 'icmp' });
    stream.client(echo(request, 5, 1));
    stream.client(echo(request, 5, 2));
    stream.server(echo(reply, 5, 2));
    stream.client(Buffer.from([3, 1, 0, 0, 0, 0, 0, 0]));
    stream.server(echo(reply, 5, 1));
    assert.deepEqual(
      stream.calls.map(({ outcome, span }) => [outcome, span]),
      [2, 1].map((sequence) => [
        'answered',
        `ICMP Echo server | deepflow.icmp.identifier=5 deepflow.icmp.sequence=${sequence} deepflow.icmp.data.size=3`,
      ]),
    );
  });
}

test('a lost reply is a timeout', () => {
  const stream = createTestStream([icmp], { transport: 'icmp' });
  stream.client(echo(8, 5, 1));
  stream.wait(16);
  assert.equal(stream.calls[0]!.outcome, 'timeout');
});

test('bad bytes neither throw nor hang', () => {
  playHostile(icmp, [[echo(8, 1, 1), echo(0, 1, 1)]], 500, 'icmp');
});
