/** Load on one service, and what a request costs its processes and us. */
import { execFileSync } from 'node:child_process';
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

export function loadService(
  url: string,
  servicePid: number,
  collectorPid: number | undefined,
  seconds: number,
): LoadFigures {
  const service = processTree(servicePid);
  const collector = collectorPid === undefined ? [] : processTree(collectorPid);
  const serviceBefore = cpuSeconds(service);
  const collectorBefore = cpuSeconds(collector);
  const output = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url], {
    encoding: 'utf8',
  });
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  if (requests === 0 || /Non-2xx/.test(output)) throw new Error(`wrk on ${url}:\n${output}`);
  return {
    requests,
    seconds,
    serviceUs: ((cpuSeconds(service) - serviceBefore) / requests) * 1e6,
    collectorUs: ((cpuSeconds(collector) - collectorBefore) / requests) * 1e6,
    p99Us: durationUs(/99%\s+([\d.]+)(us|ms|s)/.exec(output)),
  };
}

function durationUs(match: RegExpExecArray | null): number {
  const units: Record<string, number> = { us: 1, ms: 1000, s: 1e6 };
  return match === null ? 0 : Number(match[1]) * units[match[2]!]!;
}
