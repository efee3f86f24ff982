import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { ComponentDefinition } from '../component/define.ts';
import {
  defineConnector,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
} from '../component/define.ts';
import { duration } from '../component/schemas/duration.ts';
import { enabledGates } from './gates.ts';
import { loadConfig } from './load.ts';
import { formatIssue, InvalidConfig, type Registry, validateConfig } from './validate.ts';

const all = { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'alpha' } as const;
const config = z.strictObject({ endpoint: z.string().default('localhost:1'), timeout: duration('5s') });
const consume = async () => {};
const definitions: ComponentDefinition[] = [
  defineReceiver({ type: 'otlp', description: '', config, signals: all, create: () => ({}) }),
  defineReceiver({ type: 'logfile', description: '', config, signals: { logs: 'beta' }, create: () => ({}) }),
  defineProcessor({ type: 'batch', description: '', config, signals: all, create: () => ({ consume }) }),
  defineExporter({
    type: 'otlp_grpc',
    deprecatedAliases: ['otlp'],
    description: '',
    config,
    signals: all,
    create: () => ({ consume }),
  }),
  defineConnector({
    type: 'forward',
    description: '',
    config,
    signals: { traces: { traces: 'beta' } },
    create: () => ({ consume }),
  }),
  defineExtension({ type: 'health_check', description: '', config, stability: 'beta', create: () => ({}) }),
];
const registry: Registry = {
  load: async (kind, type) =>
    definitions.find((one) => one.kind === kind && (one.type === type || one.deprecatedAliases?.includes(type))),
  types: (kind) => definitions.filter((one) => one.kind === kind).map((one) => one.type),
};

async function validate(yaml: string, gates: string[] = []) {
  const { root } = await loadConfig({ locations: [`yaml:${yaml}`], sets: [], env: { PORT: '0123' } });
  return validateConfig(root, registry, enabledGates(gates));
}

/** The problems of a configuration, without their places. */
async function problems(yaml: string, gates: string[] = []): Promise<string[]> {
  try {
    await validate(yaml, gates);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.issues.map(({ path, message }) => formatIssue({ path, message }));
  }
  return [];
}

const good = `
receivers: {otlp: {endpoint: "\${env:PORT}"}, logfile: }
processors: {batch: }
exporters: {otlp: {timeout: 2s}}
extensions: {health_check: }
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [otlp]}
`;

test('gives every component its parsed section, with defaults and variables in', async () => {
  const { components, service, warnings } = await validate(good);
  assert.deepEqual(components.receivers.get('otlp')?.config, { endpoint: '0123', timeout: 5000 });
  assert.deepEqual(components.exporters.get('otlp')?.config, { endpoint: 'localhost:1', timeout: 2000 });
  assert.deepEqual(service.pipelines.traces?.processors, ['batch']);
  assert.equal(service.telemetry.logs.level, 'info');
  assert.deepEqual(warnings, ['exporters::otlp: "otlp" alias is deprecated; use "otlp_grpc" instead']);
});

test('ids may have spaces around the slash', async () => {
  const { components, service } = await validate(`
receivers: {"otlp / 2": }
exporters: {otlp_grpc: }
service: {pipelines: {traces/a: {receivers: [otlp/ 2], exporters: [otlp_grpc]}}}`);
  assert.deepEqual([...components.receivers.keys()], ['otlp/2']);
  assert.deepEqual(service.pipelines['traces/a']?.receivers, ['otlp/2']);
});

const pipelines = 'service: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_grpc]}}}';
const parts = 'receivers: {otlp: }\nexporters: {otlp_grpc: }';
const cases: [string, string, string[]][] = [
  ['nothing at all', '', ['empty configuration file']],
  ['a list', '[1]', ['expected a map of sections, got a list']],
  [
    'no receivers and exporters',
    'service: {pipelines: {traces: }}',
    [
      'receivers: no receiver configuration specified in config',
      'exporters: no exporter configuration specified in config',
      'service::pipelines::traces: must have at least one receiver',
      'service::pipelines::traces: must have at least one exporter',
    ],
  ],
  ['no pipelines', `${parts}\nservice:`, ['service::pipelines: service must have at least one pipeline']],
  [
    'unknown keys and types',
    `${parts}\nreciever: 1\nprocessors: {bath: , zzz/1: }\n${pipelines}`,
    [
      'reciever: unknown key "reciever"; did you mean "receivers"?',
      'processors::bath: unknown type: "bath" for id: "bath"; did you mean "batch"?',
      'processors::zzz/1: unknown type: "zzz" for id: "zzz/1" (valid values: [batch])',
    ],
  ],
  [
    'several wrong options, all of them',
    `receivers: {otlp: {endpont: x}, otlp/2: {timeout: soon}}\nexporters: {otlp_grpc: {endpoint: 5}}\n${pipelines}`,
    [
      'receivers::otlp::endpont: unknown key "endpont"; did you mean "endpoint"?',
      'receivers::otlp/2::timeout: "soon" is not a duration; write a number with a unit, such as 200ms, 5s or 1m30s',
      'exporters::otlp_grpc::endpoint: expected string, received number',
    ],
  ],
  [
    'ids that are none',
    `receivers: {otlp: , 1x: , otlp/: }\nexporters: {otlp_grpc: }\n${pipelines}`,
    [
      'receivers::1x: "1x": "1x" is not a type; a type is letters, digits and _, at most 63, and begins with a letter',
      'receivers::otlp/: "otlp/": the part after / must not be empty',
    ],
  ],
  [
    'references to what is not there',
    `${parts}\nservice: {extensions: [health], pipelines: {traces: {receivers: [otpl], processors: [nop], exporters: [otlp_grpc]}}}`,
    [
      'service::extensions: references extension "health" which is not configured',
      'service::pipelines::traces: references receiver "otpl" which is not configured; did you mean "otlp"?',
      'service::pipelines::traces: references processor "nop" which is not configured',
    ],
  ],
  [
    'a processor twice, a signal that does not exist, one that a receiver has not got',
    `receivers: {otlp: , logfile: }\nprocessors: {batch: }\nexporters: {otlp_grpc: }
service:
  pipelines:
    traces: {receivers: [logfile], processors: [batch, batch], exporters: [otlp_grpc]}
    events: {receivers: [otlp], exporters: [otlp_grpc]}`,
    [
      'service::pipelines::traces: references receiver "logfile" which does not support traces: telemetry type is not supported',
      'service::pipelines::traces: references processor "batch" multiple times',
      'service::pipelines::events: unknown pipeline signal "events"; known are: traces, metrics, logs, profiles',
    ],
  ],
  [
    'a connector with one end, or of the wrong signal',
    `${parts}\nconnectors: {forward: , forward/2: }
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [forward]}
    logs: {receivers: [otlp], exporters: [forward/2]}
    logs/2: {receivers: [forward/2], exporters: [otlp_grpc]}`,
    [
      'connectors::forward: connector "forward" used as exporter in traces pipeline but not used in any supported receiver pipeline',
      'connectors::forward/2: connector "forward/2" used as exporter in logs pipeline but not used in any supported receiver pipeline',
      'connectors::forward/2: connector "forward/2" used as receiver in logs/2 pipeline but not used in any supported exporter pipeline',
    ],
  ],
  [
    'pipelines in a circle',
    `${parts}\nconnectors: {forward: }
service: {pipelines: {traces: {receivers: [otlp, forward], exporters: [forward]}}}`,
    ['service::pipelines::traces: cycle detected: pipeline "traces" -> pipeline "traces"'],
  ],
];

for (const [what, yaml, expected] of cases) {
  test(`names ${what}`, async () => {
    assert.deepEqual(await problems(yaml), expected);
  });
}

test('a problem says where it was written', async () => {
  await assert.rejects(
    validate(`${parts}\nprocessors:\n  batch:\n    timeout: soon\n${pipelines}`),
    /processors::batch::timeout: "soon".*:5:5\)/,
  );
});

test('an id may not be a connector and an exporter', async () => {
  const ambiguous: Registry = { ...registry, load: async (kind) => definitions.find((one) => one.kind === kind) };
  const { root } = await loadConfig({
    locations: [`yaml:${parts}\nconnectors: {otlp: }\n${pipelines}`],
    sets: [],
    env: {},
  });
  await assert.rejects(
    validateConfig(root, ambiguous, enabledGates([])),
    /connectors::otlp: ambiguous ID: Found both "otlp" receiver and "otlp" connector/,
  );
});

test('gates: profiles can be switched off, no pipelines allowed, and unknown ids are errors', async () => {
  const profiles = `${parts}\nservice: {pipelines: {profiles: {receivers: [otlp], exporters: [otlp_grpc]}}}`;
  assert.deepEqual(await problems(profiles), []);
  assert.match((await problems(profiles, ['-service.profilesSupport']))[0]!, /service\.profilesSupport/);
  assert.deepEqual(await problems('extensions: {health_check: }', ['+service.AllowNoPipelines']), []);
  assert.throws(() => enabledGates(['service.none']), /no such feature gate "service.none"/);
});
