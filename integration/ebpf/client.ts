/** Runs the client in Go of integration/services and gives what it says it did. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from '../bench/packets/record.ts';
import type { TestShop } from './shop.ts';
import { readTruth, type TrueCall } from './truth.ts';

export interface ClientRun {
  protocol: 'http1' | 'http2' | 'grpc' | 'mysql' | 'redis' | 'kafka';
  /** http://…, https://…, tcp://…, tls://… */
  place: string;
  /** `GET /path`, taken in turn. */
  paths?: readonly string[];
  count: number;
  concurrency: number;
  /** About so long each of the concurrent ones waits between its calls. */
  pauseMs: number;
}

/** How long a client lives before its first call: a program is known, and its TLS library probed, a moment after it starts. */
const waitMs = 1500;

/** Its process, and its calls in the order in which they ended. */
export async function runTrueClient(
  { built, cgroup }: TestShop,
  run: ClientRun,
): Promise<{ pid: number; calls: TrueCall[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'otelcol-client-'));
  const truth = join(directory, 'truth');
  const variables = [`TRUTH=${truth}`, `WAIT=${waitMs}ms`, `PAUSE=${run.pauseMs}ms`];
  const numbers = [String(run.count), String(run.concurrency)];
  try {
    const program = join(built.go, 'client');
    const inCgroup = ['-c', 'echo $$ >"$0" && exec env "$@"', cgroup.procs];
    const args = [run.protocol, run.place, ...numbers, ...(run.paths ?? [])];
    await runClient('sh', [...inCgroup, ...variables, program, ...args]);
    const requests = readTruth(truth);
    return { pid: requests[0]?.pid ?? 0, calls: requests.flatMap(({ calls }) => calls) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
