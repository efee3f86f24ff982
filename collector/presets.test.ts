import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enabledGates } from '../config/gates.ts';
import { loadConfig } from '../config/load.ts';
import { toPlain } from '../config/node.ts';
import { validateConfig } from '../config/validate.ts';
import { registry } from './distribution.ts';

const presets = new URL('../config/presets/', import.meta.url);

for (const name of readdirSync(presets)) {
  for (const env of [
    {},
    { OTELCOL_DATA: '/var/lib/otelcol', OTELCOL_GATEWAY_INSECURE: 'true', CLICKHOUSE_PASSWORD: '0123' },
  ]) {
    test(`preset ${name} is valid ${Object.keys(env).length > 0 ? 'with its variables' : 'as it is'}`, async () => {
      const { root, warnings } = await loadConfig({
        locations: [fileURLToPath(new URL(name, presets))],
        sets: [],
        env,
      });
      const config = await validateConfig(root, registry, enabledGates([]));
      assert.deepEqual([...warnings, ...config.warnings], []);
      const red = config.components.connectors.has('red') ? ['metrics/red'] : [];
      assert.deepEqual(Object.keys(config.service.pipelines), ['traces', 'metrics', ...red, 'logs', 'profiles']);
    });
  }
}

test('the default preset keeps all its data where OTELCOL_DATA says', async () => {
  const location = fileURLToPath(new URL('default.yaml', presets));
  const { root } = await loadConfig({ locations: [location], sets: [], env: { OTELCOL_DATA: '/srv/x' } });
  assert.ok(!JSON.stringify(toPlain(root)).includes('./data'));
});
