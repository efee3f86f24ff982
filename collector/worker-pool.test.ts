import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createStatusBoard } from './status-board.ts';
import { startWorkers } from './worker-pool.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-workers-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A worker program that is ready and then does this. */
function program(name: string, then: string, ready = `parentPort.postMessage({ type: 'ready', listeners: [] });`): URL {
  const path = join(directory, `${name}.mjs`);
  writeFileSync(path, `import { parentPort, workerData } from 'node:worker_threads';\n${ready}\n${then}\n`);
  return pathToFileURL(path);
}

const at = { source: 'test', line: 1, column: 1 };
const setups = [0, 1].map((index) => ({
  root: { kind: 'map' as const, entries: new Map(), at },
  gates: [],
  pipelines: [],
  index,
  count: 2,
}));

const soon = () => performance.now() + 2000;

test('a worker that crashes is told of, once it had been ready', async () => {
  const entry = program(
    'crash',
    `if (workerData.index === 1) setTimeout(() => { throw new Error('boom'); }, 50); else parentPort.on('message', () => process.exit());`,
  );
  let told: (message: string) => void = () => {};
  const crashed = new Promise<string>((resolve) => {
    told = resolve;
  });
  const pool = await startWorkers({ setups, board: createStatusBoard(), onCrash: told, entry });
  assert.equal(await crashed, 'pipeline worker 1 crashed: boom');
  await pool.stop(soon());
});

test('a worker that cannot start ends all of them, with its error', async () => {
  const ready = `if (workerData.index === 1) parentPort.postMessage({ type: 'failed', code: 'ADDRESS_IN_USE', message: 'port taken' }); else parentPort.postMessage({ type: 'ready', listeners: [] });`;
  const entry = program('fail', `parentPort.on('message', () => {});`, ready);
  const crashes: string[] = [];
  const start = startWorkers({
    setups,
    board: createStatusBoard(),
    onCrash: (message) => crashes.push(message),
    entry,
  });
  await assert.rejects(start, { code: 'ADDRESS_IN_USE', message: 'port taken' });
  assert.deepEqual(crashes, []);
});

test('samples of all workers are joined; one that does not answer is left out', async () => {
  const sample = `{ kind: 'counter', name: 'n', description: '', labels: {}, value: 3 }`;
  const answer = `parentPort.postMessage({ type: 'metrics', request: message.request, samples: [${sample}] })`;
  const entry = program(
    'metrics',
    `parentPort.on('message', (message) => { if (message.type === 'stop') process.exit(); else if (workerData.index === 0) ${answer}; });`,
  );
  const pool = await startWorkers({ setups, board: createStatusBoard(), onCrash: assert.fail, entry });
  assert.equal((await pool.samples()).length, 1);
  await pool.stop(soon());
});

test('a worker that does not stop is ended', async () => {
  const entry = program('deaf', `parentPort.on('message', () => {});`);
  const pool = await startWorkers({ setups, board: createStatusBoard(), onCrash: assert.fail, entry });
  await pool.stop(performance.now());
});
