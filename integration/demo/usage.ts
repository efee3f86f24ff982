/** What the shop costs, and what it costs to watch it: processor time and memory, once everything is warm. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cgroup } from '../kit/cgroup.ts';
import { childrenOf } from '../kit/collector.ts';

/** Compilers, caches and connections settle before this; without it the first minute's figures are mostly theirs. */
const warmUpMs = 60_000;

export interface Usage {
  /** What was used since the warm-up, or since the first customer when there has been less than another half minute; as lines to print. */
  lines(): string[];
  stop(): void;
}

interface Reading {
  atMs: number;
  /** Seconds of the shop with its customers, the collector, and the collector's ClickHouse. */
  cpuSeconds: readonly [shop: number, collector: number, store: number];
}

export function watchUsage(shop: Cgroup, collectorPid: number): Usage {
  const stopped = new AbortController();
  const first = read();
  let warm: Reading | undefined;
  void sleep(warmUpMs, undefined, { signal: stopped.signal }).then(
    () => {
      warm = read();
    },
    () => undefined,
  );

  function read(): Reading {
    const store = childrenOf(collectorPid).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
    return { atMs: performance.now(), cpuSeconds: [shop.cpuSeconds(), cpuSecondsOf(collectorPid), store] };
  }

  return {
    lines() {
      const last = read();
      const isWarm = warm !== undefined && last.atMs - warm.atMs >= warmUpMs / 2;
      const from = isWarm ? warm! : first;
      const seconds = (last.atMs - from.atMs) / 1000;
      const [shopUsed, collectorUsed, storeUsed] = last.cpuSeconds.map((used, at) => used - from.cpuSeconds[at]!);
      const row = (name: string, used: number, pids: readonly number[]) => {
        const share = pids.length === 0 ? '' : `, ${((100 * used) / shopUsed!).toFixed(1)} % of the shop's`;
        const memory =
          pids.length === 0 ? '' : `; ${pids.reduce((sum, pid) => sum + residentMib(pid), 0)} MiB resident`;
        return `  ${name}: ${used.toFixed(2)} CPU-s, ${((100 * used) / seconds).toFixed(1)} % of a core${share}${memory}`;
      };
      return [
        `CPU of ${seconds.toFixed(0)} s ${isWarm ? 'after a minute of load' : 'since the first customer, compilers included'}:`,
        row('shop and customers', shopUsed!, []),
        row('collector', collectorUsed!, [collectorPid]),
        row('its store', storeUsed!, childrenOf(collectorPid)),
      ];
    },
    stop: () => stopped.abort(),
  };
}

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  // utime and stime, in hundredths of a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) >> 10;
}
