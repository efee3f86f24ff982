/** Bad bytes for any protocol: messages cut at every length, bytes changed at random, noise. Nothing may throw or take long. */
import assert from 'node:assert/strict';
import type { Transport } from '../../identity.ts';
import type { Protocol } from '../protocol.ts';
import { createTestStream } from './stream.ts';

/** More rounds than a test has time for: `HOSTILE_FACTOR=20 node --test flow/l7/redis/*.test.ts`. */
const factor = Number(process.env.HOSTILE_FACTOR ?? 1);

/** A generator that gives the same numbers for the same seed: xorshift32. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/**
 * Plays conversations of whole messages against a protocol: cut at every length, and `rounds` times with bytes changed, cut out or
 * doubled, and as noise behind a good beginning. Fails when something throws or when one round takes longer than a second.
 */
export function playHostile(
  protocol: Protocol,
  conversations: readonly [client: Buffer, server: Buffer][],
  rounds: number,
  transport: Transport = 'tcp',
): void {
  const random = createRandom(0x5eed);
  const play = (client: Buffer, server: Buffer, pieces: number): void => {
    const started = performance.now();
    const stream = createTestStream([protocol], { pieces, transport, serverPort: protocol.ports[0] ?? 1234 });
    stream.client(client);
    stream.server(server);
    if (random(4) === 0) stream.gap(1, 1 + random(100));
    stream.client(client);
    stream.server(server);
    stream.finish(0);
    stream.finish(1);
    stream.close();
    assert.ok(performance.now() - started < 1000, `slow: ${client.toString('hex')} ${server.toString('hex')}`);
    assert.ok(stream.analysis.windows.usedBytes === 0, 'windows are given back');
  };
  for (const [client, server] of conversations) {
    for (let length = 0; length <= client.length; length++) play(client.subarray(0, length), server, 1 << 20);
    for (let length = 0; length <= server.length; length++) play(client, server.subarray(0, length), 1 << 20);
  }
  for (let round = 0; round < rounds * factor; round++) {
    const [client, server] = conversations[random(conversations.length)]!;
    play(mutate(client, random), mutate(server, random), random(2) === 0 ? 1 << 20 : 1 + random(40));
  }
}

function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  let out = Buffer.from(bytes);
  for (let count = random(4); count > 0; count--) {
    const at = random(out.length + 1);
    switch (random(5)) {
      case 0:
        if (at < out.length) out[at] = random(256);
        break;
      case 1:
        if (at < out.length) out[at] = [0, 0xff, 0x7f, 0x80, out[at]! ^ 1][random(5)]!;
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.length, at + random(16)))]);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.max(0, at - random(16)))]);
        break;
      default:
        out = Buffer.concat([out.subarray(0, at), Buffer.from(Array.from({ length: random(32) }, () => random(256)))]);
    }
  }
  return out;
}
