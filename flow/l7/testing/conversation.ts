/** Plays whole conversations, in one piece and in small ones, and compares the calls: the table tests of protocols. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '../../identity.ts';
import type { Protocol } from '../protocol.ts';
import { playHostile } from './hostile.ts';
import { createTestStream, type TestStream } from './stream.ts';

/** `>` the client sends, `<` the server. */
export type Step = readonly ['>' | '<', Uint8Array | string];

export interface Conversation {
  readonly name: string;
  readonly steps: readonly Step[];
  /** One line a call, as {@link callLine} writes it. */
  readonly calls: readonly string[];
}

/** The client sends all it has, then the server does: name, client, server, one line a call. Of UDP each element is a datagram. */
export type Exchange = readonly [
  name: string,
  client: readonly Buffer[],
  server: readonly Buffer[],
  calls: readonly string[],
];

export function exchange([name, client, server, calls]: Exchange): Conversation {
  const steps = [...client.map((data): Step => ['>', data]), ...server.map((data): Step => ['<', data])];
  return { name, steps, calls };
}

/** The span as `readSpanText` writes it, behind the outcome when it is not `answered`; without the words in `dropped`. */
export function callLines(stream: TestStream, dropped: readonly string[] = []): string[] {
  return stream.calls.map(({ outcome, span }) => {
    const line = outcome === 'answered' ? span : `${outcome} ${span}`;
    return line
      .split(' ')
      .filter((word) => !dropped.includes(word))
      .join(' ');
  });
}

export function play(
  protocol: Protocol,
  steps: readonly Step[],
  pieces?: number,
  transport: Transport = 'tcp',
): TestStream {
  const base = { serverPort: protocol.ports[0] ?? 1234, transport };
  const stream = createTestStream([protocol], pieces === undefined ? base : { ...base, pieces });
  for (const [side, data] of steps) {
    if (side === '>') stream.client(data);
    else stream.server(data);
  }
  return stream;
}

/** Each conversation whole, in pieces of 7 bytes and byte by byte, datagrams whole only; then all of them broken in `rounds` ways. */
export function testConversations(
  protocol: Protocol,
  conversations: readonly Conversation[],
  rounds: number,
  dropped: readonly string[] = [],
  transport: Transport = 'tcp',
): void {
  for (const { name, steps, calls } of conversations) {
    test(name, () => {
      for (const pieces of transport === 'udp' ? [undefined] : [undefined, 7, 1]) {
        const stream = play(protocol, steps, pieces, transport);
        stream.close();
        assert.deepEqual(callLines(stream, dropped), calls, `pieces of ${pieces ?? 'any size'}`);
        assert.equal(stream.analysis.counters.lost, 0, 'every byte belongs to a message');
      }
    });
  }
  test('bad bytes neither throw nor hang', () => {
    const all = conversations.map(({ steps }): [Buffer, Buffer] => [joined(steps, '>'), joined(steps, '<')]);
    playHostile(protocol, all, rounds, transport);
  });
}

function joined(steps: readonly Step[], side: '>' | '<'): Buffer {
  return Buffer.concat(steps.filter(([from]) => from === side).map(([, data]) => Buffer.from(data as Uint8Array)));
}
