import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Kind } from '../component/define.ts';
import { sampleBatch } from '../component/testing/batches.ts';
import { type ContractOptions, testComponent } from '../component/testing/contract.ts';
import { aliases, distribution, registry } from './distribution.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-contract-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What a component needs to be tried here; without an entry an empty section works. */
const sections: Record<string, Omit<ContractOptions, 'batches'>> = {
  'receiver/otlp': {
    config: { protocols: { grpc: { endpoint: 'localhost:0' }, http: { endpoint: 'localhost:0' } } },
    emptyIsValid: false,
  },
  'receiver/cbpf': { config: { interfaces: '^lo$' } },
  'processor/memory_limiter': { config: { check_interval: '1s', limit_mib: 4000 }, emptyIsValid: false },
  'exporter/otlp_grpc': { config: { endpoint: 'localhost:1', tls: { insecure: true } }, emptyIsValid: false },
  'exporter/otlp_http': { config: { endpoint: 'http://localhost:1' }, emptyIsValid: false },
  'exporter/clickhouse': { config: { endpoint: 'http://localhost:1' }, starts: false },
  'extension/health_check': { config: { endpoint: 'localhost:0' } },
  'extension/query': { config: { endpoint: 'localhost:0' } },
  'extension/clickhouse_embedded': { config: { directory: join(directory, 'clickhouse') }, starts: false },
};

for (const kind of Object.keys(distribution) as Kind[]) {
  for (const [type, load] of Object.entries(distribution[kind])) {
    const { default: definition } = await load();
    test(`${kind} ${type}: is what the distribution says it is`, () => {
      assert.equal(definition.kind, kind);
      assert.equal(definition.type, type);
    });
    testComponent(definition, {
      ...(sections[`${kind}/${type}`] ?? { config: {} }),
      batches: {
        traces: () => sampleBatch('traces', 3),
        metrics: () => sampleBatch('metrics', 3),
        logs: () => sampleBatch('logs', 3),
        profiles: () => sampleBatch('profiles', 3),
      },
    });
  }

  test(`former words for a ${kind} are those its declaration gives`, async () => {
    const declared: Record<string, string> = {};
    for (const [type, load] of Object.entries(distribution[kind])) {
      for (const alias of (await load()).default.deprecatedAliases ?? []) declared[alias] = type;
    }
    assert.deepEqual(aliases[kind], declared);
  });
}

test('a word that is no component is not found, whatever objects have', async () => {
  assert.equal(await registry.load('receiver', 'constructor'), undefined);
  assert.equal(await registry.load('exporter', ''), undefined);
});
