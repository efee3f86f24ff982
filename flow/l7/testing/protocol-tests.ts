/** Runs one protocol's conversations as tests: whole, in pieces, cut, with bytes broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '../../identity.ts';
import type { ProtocolOptions } from '../options.ts';
import type { Protocol } from '../protocol.ts';
import { playHostile } from './hostile.ts';
import { createTestStream, type TestStream } from './stream.ts';

/** What the client sends, what the server answers, and the spans that must come of it, one line each. Of UDP each element is a datagram. */
export type Conversation = readonly [
  name: string,
  client: readonly Buffer[],
  server: readonly Buffer[],
  spans: readonly string[],
];

export interface ConversationOptions {
  readonly transport?: Transport;
  readonly options?: Partial<ProtocolOptions>;
  /** How many rounds of broken bytes are played. */
  readonly hostileRounds?: number;
}

/** The spans of a stream's calls, with their outcome before them unless they were answered. */
export function spanLines({ calls }: TestStream): string[] {
  return calls.map(({ outcome, span }) => `${outcome === 'answered' ? '' : `${outcome} `}${span}`);
}

/** Each conversation whole, byte by byte, and in pieces of seven; then all of them with bytes broken. Datagrams are played whole only. */
export function testConversations(
  protocol: Protocol,
  conversations: readonly Conversation[],
  { transport = 'tcp', options = {}, hostileRounds = 3000 }: ConversationOptions = {},
): void {
  for (const [name, client, server, expected] of conversations) {
    for (const pieces of transport === 'tcp' ? [1, 7, 1 << 20] : [1 << 20]) {
      test(`${name}, in pieces of ${pieces === 1 << 20 ? 'any' : pieces} bytes`, () => {
        const stream = createTestStream([protocol], {
          ...options,
          pieces,
          transport,
          serverPort: protocol.ports[0] ?? 1234,
        });
        for (const bytes of client) stream.client(bytes);
        for (const bytes of server) stream.server(bytes);
        stream.close();
        assert.deepEqual(spanLines(stream), expected);
        assert.equal(stream.analysis.counters.lost, 0, 'nothing is lost');
      });
    }
  }

  test('bad bytes neither throw nor hang', () => {
    playHostile(
      protocol,
      conversations.map(([, client, server]) => [Buffer.concat(client), Buffer.concat(server)]),
      hostileRounds,
      transport,
    );
  });
}
