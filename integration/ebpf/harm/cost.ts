/** What a process costs, by the kernel's account of it: exact also where many share a processor. */
import { readFileSync } from 'node:fs';
import { statusBytes } from '../../kit/collector.ts';

/** USER_HZ: ticks of /proc/PID/stat a second. */
const ticksPerSecond = 100;

/** Seconds of processor time that a process has used, in user space and in the kernel for it. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export interface Cost {
  /** Share of one processor. */
  cpu: number;
  rssMib: number;
  /** Since it was started. */
  peakMib: number;
}

/** Costs of a process while something is done. */
export async function costWhile(pid: number, work: () => Promise<unknown>): Promise<Cost> {
  const [cpu, start] = [cpuSeconds(pid), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1000;
  return {
    cpu: (cpuSeconds(pid) - cpu) / seconds,
    rssMib: statusBytes(pid, 'VmRSS') / 2 ** 20,
    peakMib: statusBytes(pid, 'VmHWM') / 2 ** 20,
  };
}

export function costText({ cpu, rssMib, peakMib }: Cost): string {
  return `${(100 * cpu).toFixed(1)} % of a processor, RSS ${rssMib.toFixed(0)} MiB, at most ${peakMib.toFixed(0)} MiB`;
}
