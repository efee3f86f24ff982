/** What is remembered of servers: when their next connections are left alone, and when they are looked at again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowIdentity, SocketFacts } from '../identity.ts';
import { Analysis } from './analysis.ts';
import { Connection } from './connection.ts';
import { plainOptions } from './testing/plain-options.ts';
import { testIdentity } from './testing/stream.ts';
import { toy } from './testing/toy.ts';

const enough = 8;

function createConnections() {
  const analysis = new Analysis([toy], plainOptions, () => {});
  /** Pieces of that text until no more are wanted: how many, at most 100. */
  function open(text: string, facts: Partial<FlowIdentity> = {}, before?: (connection: Connection) => void): number {
    const connection = new Connection({ ...testIdentity('tcp', 1234), ...facts }, analysis);
    before?.(connection);
    const bytes = Buffer.from(text);
    let pieces = 1;
    while (pieces < 100 && connection.data(0, bytes, 0, bytes.length, 1, 1, 1)) pieces++;
    return pieces;
  }
  return { analysis, open };
}

const wanted = 100;

test('a server of which several connections gave nothing is left alone for a minute, however many more come', () => {
  const { analysis, open } = createConnections();
  for (let count = 0; count < enough; count++) assert.ok(open('??') > 1);
  assert.equal(open('Q2aa'), 1, 'left alone at its first byte');
  analysis.tick(50e9);
  assert.equal(open('Q2aa'), 1);
  analysis.tick(61e9);
  assert.equal(open('Q2aa'), wanted);
});

test('connections that were open before they were seen, or miss bytes, say nothing of their server', () => {
  const { open } = createConnections();
  for (let count = 0; count < enough * 2; count++) open('??', { isOlder: true });
  for (let count = 0; count < enough * 2; count++) open('??', {}, (connection) => connection.gap(0, 10, 1));
  assert.equal(open('Q2aa'), wanted);
});

test('what is inside TLS is looked at where the ciphertext is not known to be anything', () => {
  const { open } = createConnections();
  for (let count = 0; count < enough; count++) open('??');
  assert.equal(open('Q2aa'), 1);
  assert.equal(open('Q2aa', { socket: { tlsLibrary: 'openssl' } as SocketFacts }), wanted);
});
