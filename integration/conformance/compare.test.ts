import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareFile } from './compare.ts';
import type { ExpectedFile, ExpectedMessage } from './expected.ts';
import type { ObservedMessage } from './observation.ts';

const flow = { client: '10.0.0.1:1000', server: '10.0.0.2:53', l4: 'udp' };

function expected(messages: ExpectedMessage[], more: Partial<ExpectedFile> = {}): ExpectedFile {
  const totals = { messagesTotal: undefined, messagesListed: undefined, counts: {} };
  const rest = { protocol: 'DNS', flows: [flow], packets: [], policyFields: ['status'], ...totals };
  return { name: 'dns/a', pcapPath: '', kind: 'l7', ...rest, messages, ...more };
}

function observed(frame: number, type: 'request' | 'response', more: object = {}): ObservedMessage {
  return { frame, flow: 0, dir: type === 'request' ? 'c2s' : 's2c', type, ...more };
}

function differences(file: ExpectedFile, messages: ObservedMessage[]): string[] {
  const tally = compareFile(file, { flows: [flow], messages, packets: [] });
  return tally.differences.map(({ where, key, policy }) => `${where} ${key} ${policy ? 'policy' : 'fact'}`);
}

const ask: ExpectedMessage = { frame: 1, flow: 0, dir: 'c2s', type: 'request', method: 'A' };
const answer: ExpectedMessage = {
  frame: 2,
  flow: 0,
  dir: 's2c',
  type: 'response',
  status: 'ok',
  records: [{ ttl: 5 }],
};

test('looks only at the keys that are expected', () => {
  const messages = [
    observed(1, 'request', { method: 'A', other: 1 }),
    observed(2, 'response', { status: 'ok', records: [{ ttl: 5, type: 'A' }] }),
  ];
  assert.deepEqual(differences(expected([ask, answer]), messages), []);
});

test('names the key that differs, and whether it is a convention', () => {
  const messages = [
    observed(1, 'request', { method: 'AAAA' }),
    observed(2, 'response', { status: 'error', records: [{ ttl: 6 }] }),
  ];
  assert.deepEqual(differences(expected([ask, answer]), messages), [
    'message 0 method fact',
    'message 1 status policy',
    'message 1 records.0.ttl fact',
  ]);
});

test('a missing message is one difference and one in the total', () => {
  const second = { ...ask, frame: 3, requestId: 2 };
  const third = { ...ask, frame: 5, requestId: 3 };
  const messages = [observed(1, 'request', { method: 'A' }), observed(5, 'request', { method: 'A', requestId: 3 })];
  assert.deepEqual(differences(expected([ask, second, third]), messages), [
    'file messages.length fact',
    'message 1 message fact',
  ]);
});

test('a surplus message is found where nothing is expected', () => {
  assert.deepEqual(differences(expected([], { protocol: null }), [observed(7, 'request')]), [
    'file messages.length fact',
    'surplus message, flow 0 c2s message fact',
  ]);
});

test('of a cut list the first are compared, and the totals', () => {
  const file = expected([ask], { messagesTotal: 3, messagesListed: 1, counts: { 'request:A': 2, response: 1 } });
  const messages = [
    observed(1, 'request', { method: 'A' }),
    observed(2, 'response'),
    observed(3, 'request', { method: 'AAAA' }),
  ];
  assert.deepEqual(differences(file, messages), ['file counts.request:A fact']);
});

test('a flow seen the wrong way round differs in its ends', () => {
  const backwards = { client: flow.server, server: flow.client, l4: 'udp' };
  const tally = compareFile(expected([ask]), {
    flows: [backwards],
    messages: [observed(1, 'request', { method: 'A' })],
    packets: [],
  });
  assert.deepEqual(
    tally.differences.map(({ key }) => key),
    ['client', 'server'],
  );
});

test('a tunnel may be spelled in several ways', () => {
  const names: [expected: string, observed: string, differences: number][] = [
    ['Tencent GRE', 'GRE', 0],
    ['IPIP', '6in4', 0],
    ['GTPU', 'GTP-U', 0],
    ['VXLAN', 'Geneve', 1],
  ];
  for (const [expectedName, observedName, count] of names) {
    const file = expected([], { kind: 'decap', packets: [{ frame: 1, tunnelType: expectedName }] });
    const packets = [{ frame: 1, tunnelType: observedName }];
    assert.equal(compareFile(file, { flows: [], messages: [], packets }).differences.length, count, expectedName);
  }
});
