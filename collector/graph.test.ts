import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Consumer } from '../component/consumer.ts';
import {
  type ComponentDefinition,
  defineConnector,
  defineExporter,
  defineProcessor,
  defineReceiver,
} from '../component/define.ts';
import { permanent, retryable } from '../component/errors.ts';
import { sampleBatch } from '../component/testing/batches.ts';
import { createTestContext } from '../component/testing/context.ts';
import { enabledGates } from '../config/gates.ts';
import { loadConfig } from '../config/load.ts';
import { validateConfig } from '../config/validate.ts';
import type { Batch } from '../pdata/batch.ts';
import { fanOut } from './consumers.ts';
import { buildGraph } from './graph.ts';
import { startNodes, stopNodes } from './lifecycle.ts';
import { pinnedPipelines } from './placement.ts';
import { createStatusBoard } from './status-board.ts';

const all = { traces: 'stable', metrics: 'stable', logs: 'stable' } as const;
const config = z.strictObject({});

/** Components that write down what happens to them. */
function recorder() {
  const events: string[] = [];
  const received: string[] = [];
  const inlets = new Map<string, Consumer>();
  const life = (id: string) => ({
    start: async () => void events.push(`start ${id}`),
    shutdown: async () => void events.push(`stop ${id}`),
  });
  const definitions: ComponentDefinition[] = [
    defineReceiver({
      type: 'in',
      description: '',
      config,
      signals: all,
      create({ id }, next) {
        inlets.set(id, (batch) => next[batch.signal]!(batch));
        return life(id);
      },
    }),
    defineReceiver({
      type: 'one',
      description: '',
      config,
      signals: all,
      instances: 'one',
      create: ({ id }) => life(id),
    }),
    defineProcessor({
      type: 'pass',
      description: '',
      config,
      signals: all,
      create({ id }, _signal, next) {
        return {
          ...life(id),
          consume: (batch) => {
            received.push(id);
            return next(batch);
          },
        };
      },
    }),
    defineExporter({
      type: 'out',
      description: '',
      config,
      signals: all,
      create({ id }) {
        return {
          ...life(id),
          consume: async (batch) => void received.push(`${id} ${batch.signal} ${batch.items}`),
        };
      },
    }),
    defineConnector({
      type: 'link',
      description: '',
      config,
      signals: { traces: { traces: 'beta', metrics: 'beta' } },
      create({ id }, next) {
        const consume = async (batch: Batch) => {
          await next.traces?.(batch);
          await next.metrics?.(sampleBatch('metrics', batch.items));
        };
        return { ...life(id), consume };
      },
    }),
  ];
  return { events, received, inlets, definitions };
}

async function build(yaml: string, only?: string[]) {
  const recorded = recorder();
  const { root } = await loadConfig({ locations: [`yaml:${yaml}`], sets: [] });
  const registry = {
    load: async (kind: string, type: string) =>
      recorded.definitions.find((one) => one.kind === kind && one.type === type),
    types: () => [],
  };
  const valid = await validateConfig(root, registry, enabledGates([]));
  const contexts = new Map<string, ReturnType<typeof createTestContext>>();
  const nodes = buildGraph({
    config: valid,
    pipelines: only ?? Object.keys(valid.service.pipelines),
    createContext(_kind, id, _pipelines, parsed) {
      const context = createTestContext(parsed, { id });
      contexts.set(id, context);
      return context;
    },
  });
  return { ...recorded, nodes, valid, contexts, board: createStatusBoard(), log: createTestContext(0).log };
}

const chain = `
receivers: {in: , in/unused: }
processors: {pass/1: , pass/2: }
exporters: {out/a: , out/b: , out/unused: }
service: {pipelines: {traces: {receivers: [in], processors: [pass/1, pass/2], exporters: [out/a, out/b]}}}`;

test('starts exporters first and receivers last, stops the other way round, leaves out what is not used', async () => {
  const { nodes, events, board, log } = await build(chain);
  await startNodes(nodes, board, log);
  assert.deepEqual(events, ['start out/a', 'start out/b', 'start pass/2', 'start pass/1', 'start in']);
  events.length = 0;
  await stopNodes(nodes, board, log, performance.now() + 1000);
  assert.deepEqual(events, ['stop in', 'stop pass/1', 'stop pass/2', 'stop out/a', 'stop out/b']);
});

test('data passes processors in order and reaches every exporter, counted on the way', async () => {
  const { inlets, received, contexts } = await build(chain);
  await inlets.get('in')!(sampleBatch('traces', 3));
  assert.deepEqual(received, ['pass/1', 'pass/2', 'out/a traces 3', 'out/b traces 3']);
  assert.equal(contexts.get('pass/1')!.metric('processor_incoming_items'), 3);
  assert.equal(contexts.get('pass/1')!.metric('processor_outgoing_items'), 3);
});

test('one receiver and one exporter serve several pipelines', async () => {
  const { nodes, inlets, received } = await build(`
receivers: {in: }
exporters: {out: }
service: {pipelines: {traces: {receivers: [in], exporters: [out]}, logs: {receivers: [in], exporters: [out]}}}`);
  assert.deepEqual(
    nodes.map(({ id, pipelines }) => [id, pipelines]),
    [
      ['out', ['traces', 'logs']],
      ['in', ['traces', 'logs']],
    ],
  );
  await inlets.get('in')!(sampleBatch('logs', 2));
  assert.deepEqual(received, ['out logs 2']);
});

const linked = `
receivers: {in: }
exporters: {out/a: , out/b: }
connectors: {link: }
service:
  pipelines:
    traces/in: {receivers: [in], exporters: [link]}
    traces/out: {receivers: [link], exporters: [out/a]}
    metrics/out: {receivers: [link], exporters: [out/b]}`;

test('a connector is the end of one pipeline and the start of others, of several signals', async () => {
  const { inlets, received, nodes, events, board, log } = await build(linked);
  await startNodes(nodes, board, log);
  assert.deepEqual(events, ['start out/a', 'start out/b', 'start link', 'start in']);
  await inlets.get('in')!(sampleBatch('traces', 2));
  assert.deepEqual(received, ['out/a traces 2', 'out/b metrics 2']);
});

test('a failed start names the component and stops what ran', async () => {
  const { nodes, events, board, log } = await build(chain);
  nodes.at(-1)!.component.start = async () => Promise.reject(new Error('port 4317 is taken'));
  await assert.rejects(startNodes(nodes, board, log), /failed to start "in" receiver: port 4317 is taken/);
  assert.deepEqual(events.slice(-4), ['stop pass/1', 'stop pass/2', 'stop out/a', 'stop out/b']);
});

test('a component that does not stop is left behind in time', async () => {
  const { nodes, events, board, log } = await build(chain);
  nodes.at(-1)!.component.shutdown = () => new Promise(() => {});
  await startNodes(nodes, board, log);
  await stopNodes(nodes, board, log, performance.now() + 150);
  assert.equal(events.at(-1), 'stop out/b');
});

test('pipelines that share a receiver with one that may only run once run once too', async () => {
  const { valid } = await build(`
receivers: {in: , in/2: , one: }
exporters: {out: }
service:
  pipelines:
    traces: {receivers: [one, in], exporters: [out]}
    logs: {receivers: [in], exporters: [out]}
    metrics: {receivers: [in/2], exporters: [out]}`);
  assert.deepEqual([...pinnedPipelines(valid)], ['traces', 'logs']);
});

test('a worker builds only its pipelines', async () => {
  const { nodes } = await build(linked, ['traces/out']);
  assert.deepEqual(
    nodes.map(({ id }) => id),
    ['out/a'],
  );
});

test('fan-out joins errors: permanent when one is', async () => {
  const refuse: Consumer = async () => Promise.reject(retryable('later', { retryAfterMs: 5 }));
  const reject: Consumer = async () => Promise.reject(permanent('never'));
  const batch = sampleBatch('traces');
  await assert.rejects(fanOut([refuse, refuse, async () => {}])(batch), {
    permanent: false,
    retryAfterMs: 5,
    message: 'later; later',
  });
  await assert.rejects(fanOut([refuse, reject])(batch), { permanent: true, message: 'later; never' });
});

test('the board shows the worst of what several workers report', () => {
  const board = createStatusBoard();
  board.set('extension', 'page', [], 'ok');
  const exporter = { kind: 'exporter' as const, id: 'out', pipelines: ['traces'], sinceMs: 1 };
  board.setWorker(0, [{ ...exporter, status: 'ok' }]);
  board.setWorker(1, [{ ...exporter, status: 'recoverable_error', message: 'down' }]);
  assert.deepEqual(
    board.list().map(({ id, status }) => [id, status]),
    [
      ['page', 'ok'],
      ['out', 'recoverable_error'],
    ],
  );
});
