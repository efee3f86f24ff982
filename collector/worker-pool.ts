/** The main thread's side of pipeline workers: starts them, joins what they report, stops them together. */

import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { Worker } from 'node:worker_threads';
import { OperatorError, type OperatorErrorCode } from '../component/errors.ts';
import type { ReportedListener } from './context.ts';
import type { StatusBoard } from './status-board.ts';
import type { Sample } from './telemetry/metrics.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts';

export interface WorkerPool {
  listeners: ReportedListener[];
  /** Snapshots of all workers; one that does not answer in time is left out. */
  samples(): Promise<Sample[]>;
  stop(deadlineMs: number): Promise<void>;
}

export interface WorkerPoolOptions {
  setups: readonly WorkerSetup[];
  board: StatusBoard;
  /** A worker ended though nobody asked it to. */
  onCrash(message: string): void;
  /** The worker's program; tests have their own. */
  entry?: URL;
}

const answerMs = 2000;
const workerProgram = new URL('./worker.ts', import.meta.url);

interface Member {
  worker: Worker;
  post(message: ToWorker): void;
  exited: Promise<void>;
}

/** Resolves when every worker runs; when one cannot start, all are ended and its error is thrown. */
export async function startWorkers({
  setups,
  board,
  onCrash,
  entry = workerProgram,
}: WorkerPoolOptions): Promise<WorkerPool> {
  const listeners: ReportedListener[] = [];
  const waiting = new Map<number, (samples: Sample[]) => void>();
  let requests = 0;
  let stopping = false;
  const members: Member[] = [];
  const starts = setups.map(start);
  try {
    await Promise.all(starts);
  } catch (error) {
    stopping = true;
    await Promise.allSettled(members.map(({ worker }) => worker.terminate()));
    throw error;
  }

  function start(setup: WorkerSetup): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = new Worker(entry, {
        workerData: setup,
        name: `pipelines-${setup.index}`,
        resourceLimits: heapLimits(setup.count),
      });
      const exited = new Promise<void>((done) => worker.once('exit', () => done()));
      members.push({ worker, exited, post: (message) => worker.postMessage(message) });
      let ready = false;
      const crash = (reason: string) => {
        const message = `pipeline worker ${setup.index} ${reason}`;
        if (!ready) reject(new Error(message));
        else if (!stopping) onCrash(message);
      };
      worker.on('error', (error: Error) => crash(`crashed: ${error.message}`));
      worker.on('exit', (code) => crash(`ended unexpectedly with code ${code}`));
      worker.on('message', (message: FromWorker) => {
        switch (message.type) {
          case 'ready':
            ready = true;
            if (setup.index === 0) listeners.push(...message.listeners);
            return resolve();
          case 'failed':
            return reject(new OperatorError(message.code as OperatorErrorCode, message.message));
          case 'health':
            return board.setWorker(setup.index, message.health);
          case 'metrics':
            waiting.get(message.request)?.(message.samples);
            return waiting.delete(message.request);
          case 'stopped':
            return;
          default:
            return message satisfies never;
        }
      });
    });
  }

  function ask({ post }: Member): Promise<Sample[]> {
    const request = ++requests;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        waiting.delete(request);
        resolve([]);
      }, answerMs);
      waiting.set(request, (samples) => {
        clearTimeout(timer);
        resolve(samples);
      });
      post({ type: 'metrics', request });
    });
  }

  return {
    listeners,
    async samples() {
      return (await Promise.all(members.map(ask))).flat();
    },
    async stop(deadlineMs) {
      stopping = true;
      const withinMs = Math.max(0, deadlineMs - performance.now());
      await Promise.all(
        members.map(async ({ worker, post, exited }) => {
          post({ type: 'stop', withinMs });
          const timer = setTimeout(() => void worker.terminate(), withinMs + 500);
          await exited;
          clearTimeout(timer);
        }),
      );
    },
  };
}

/** Each worker may use its share of half the machine's (or container's) memory for JavaScript objects. */
function heapLimits(count: number): { maxOldGenerationSizeMb: number; maxYoungGenerationSizeMb: number } {
  const limit = constrainedMemory();
  const memoryBytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  const shareMb = memoryBytes / 2 / count / 2 ** 20;
  return { maxOldGenerationSizeMb: Math.round(Math.min(4096, Math.max(256, shareMb))), maxYoungGenerationSizeMb: 48 };
}
