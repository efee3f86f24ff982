import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeatureReport } from '../../bpf/features/explain.ts';
import { whyNot } from '../../bpf/features/why-not.ts';
import type { FromThread } from '../../component/capture/messages.ts';
import { config } from './config.ts';
import { tellLimits } from './limits.ts';

const report = (name: FeatureReport['name'], title: string, reason: string): FeatureReport => ({
  name,
  title,
  receiver: 'ebpf',
  status: reason === '' ? 'ok' : 'no',
  cause: reason === '' ? undefined : 'permission',
  reason,
  action: reason === '' ? '' : 'run as root',
  uses: undefined,
});
const features = [
  report('packets', 'Packets', 'needs CAP_NET_RAW'),
  report('calls', 'Calls', ''),
  report('tls', 'TLS', 'needs CAP_X'),
  report('go', 'Go', 'needs CAP_X'),
  report('tcp', 'TCP', 'needs CAP_Y'),
];

function told(options: object): unknown[] {
  const messages: FromThread[] = [];
  tellLimits(config.parse(options), (message) => messages.push(message), features);
  return messages.map((message) => (message.type === 'log' ? message.fields?.reason : message));
}

test('one line for each reason, and none for what is switched off', () => {
  assert.deepEqual(told({}), ['TLS and Go: off, needs CAP_X; run as root', 'TCP: off, needs CAP_Y; run as root']);
  assert.deepEqual(told({ tls: { go: false }, tcp: { enabled: false } }), ['TLS: off, needs CAP_X; run as root']);
  assert.deepEqual(told({ tls: { enabled: false }, tcp: { enabled: false } }), []);
});

test('a failure is told by what the host lacks, or in its own words', () => {
  const error = new Error('loading sockets.bpf.o: EPERM');
  assert.equal(whyNot('tls', error, features), 'needs CAP_X; run as root');
  assert.equal(whyNot('calls', error, features), error.message);
});
