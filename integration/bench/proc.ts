/** CPU time and memory of a process and its children, read from /proc. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ: what /proc/PID/stat counts in on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** A process and all its living descendants. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = readStat(Number(entry))?.parent;
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [Number(entry)]);
    else siblings.push(Number(entry));
  }
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

/** User and system time of all threads of these processes, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) ticks += readStat(pid)?.ticks ?? 0;
  return ticks / ticksPerSecond;
}

/** Makes the peak start again from the present RSS. */
export function resetPeakRss(pids: readonly number[]): void {
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Sum of the processes' peak RSS (VmHWM), in MB of 1,000,000 bytes. */
export function peakRssMb(pids: readonly number[]): number {
  return sumStatus(pids, 'VmHWM');
}

/** Sum of the processes' present RSS, in MB of 1,000,000 bytes. */
export function rssMb(pids: readonly number[]): number {
  return sumStatus(pids, 'VmRSS');
}

export function commandLine(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ');
}

function sumStatus(pids: readonly number[], key: string): number {
  let kib = 0;
  for (const pid of pids) {
    const match = new RegExp(`${key}:\\s+(\\d+) kB`).exec(read(`/proc/${pid}/status`) ?? '');
    if (match !== null) kib += Number(match[1]);
  }
  return (kib * 1024) / 1e6;
}

/** Fields of proc(5) stat, counted after the command's name, which may hold anything: 4 ppid, 14 utime, 15 stime. */
function readStat(pid: number): { parent: number; ticks: number } | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

/** A process may end between listing and reading; that is no error here. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
