/** Load on one service, and what a request costs its processes and us. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cpuSeconds, processTree } from '../proc.ts';

export interface LoadFigures {
  requests: number;
  seconds: number;
  /** CPU of the service's processes, microseconds a request. */
  serviceUs: number;
  /** CPU of the collector's processes, microseconds a request; 0 without one. */
  collectorUs: number;
  p99Us: number;
}

/** As many connections as the facts of these measurements use (ebpf-facts §A). */
const connections = 16;

/**
 * So many requests a second, which leave the processors some rest: a server that has all of one handles more requests at a time the less
 * it gets, and costs less for each.
 */
export function loadService(
  url: string,
  rate: number,
  servicePid: number,
  collectorPid: number | undefined,
  seconds: number,
): LoadFigures {
  const log = join(mkdtempSync(join(tmpdir(), 'otelcol-bench-')), 'requests');
  const service = processTree(servicePid);
  const collector = collectorPid === undefined ? [] : processTree(collectorPid);
  const serviceBefore = cpuSeconds(service);
  const collectorBefore = cpuSeconds(collector);
  const each = String(Math.round(rate / connections));
  const args = ['--h1', '-t1', `-c${connections}`, `-D${seconds}`, '--rps', each, `--log-file=${log}`, url];
  // It waits for ever for a connection that was refused.
  const output = execFileSync('h2load', args, { encoding: 'utf8', timeout: (seconds + 20) * 1000 });
  const serviceSeconds = cpuSeconds(service) - serviceBefore;
  const collectorSeconds = cpuSeconds(collector) - collectorBefore;
  const requests = Number(/(\d+) succeeded, (\d+) failed/.exec(output)?.[1] ?? 0);
  if (requests === 0 || !/ 0 failed/.test(output)) throw new Error(`h2load on ${url}:\n${output}`);
  // Lines are start, status and duration, times in microseconds.
  const durations = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[2]));
  rmSync(dirname(log), { recursive: true });
  durations.sort((one, other) => one - other);
  return {
    requests,
    seconds,
    serviceUs: (serviceSeconds / requests) * 1e6,
    collectorUs: (collectorSeconds / requests) * 1e6,
    p99Us: durations[Math.floor(durations.length * 0.99)] ?? 0,
  };
}
