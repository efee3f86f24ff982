/** Reads what /proc tells about a process: who it is, what it runs, where it lives. Nothing is kept. */
import { listFolder, readLink, readNamespace, readText, useFile } from './proc-file.ts';

export interface ProcessFacts {
  /** As the reader's /proc counts. */
  pid: number;
  /** Clock ticks from boot to start (field 22 of stat, 100 a second); with the pid it names one process for good. */
  startTicks: number;
  parentPid: number;
  /** Up to 15 bytes that the program may change (`comm`). */
  name: string;
  /** Path as the process sees it; undefined for kernel threads and when it may not be read. */
  executable: string | undefined;
  /** The file was deleted or replaced since it was started. */
  executableDeleted: boolean;
  /** Its command line, at most `maxArguments` of them with at most `maxArgumentBytes` each. A program may have written a title here. */
  args: string[];
  /** How many it was given, counting those that were cut off. */
  argsCount: number;
  /** Effective user. */
  uid: number;
  cgroups: Cgroup[];
  /** Its pid in each pid namespace, the reader's first. */
  namespacePids: number[];
  /** Inodes of its namespaces; undefined when they may not be read. */
  netNamespace: number | undefined;
  pidNamespace: number | undefined;
  isKernelThread: boolean;
  /** Something was not readable with our permissions: another user's, without CAP_SYS_PTRACE. */
  denied: boolean;
}

/** A line of /proc/PID/cgroup. */
export interface Cgroup {
  /** Empty for version 2. */
  controllers: string;
  path: string;
}

export const maxArguments = 128;
export const maxArgumentBytes = 4096;
/** Linux takes command lines of several MiB; nobody needs more of them to know a process. */
const maxCommandLineBytes = 64 * 1024;
/** PF_KTHREAD of include/linux/sched.h. */
const kernelThreadFlag = 0x00200000;

/** All process ids of a /proc, ascending. */
export function listProcesses(proc = '/proc'): number[] {
  const pids: number[] = [];
  for (const name of listFolder(proc)) {
    const pid = Number(name);
    if (Number.isInteger(pid) && pid > 0) pids.push(pid);
  }
  return pids.sort((a, b) => a - b);
}

/** Everything about a process, or undefined when there is no such process (any more). Takes about 0.1 ms. */
export function readProcess(pid: number, proc = '/proc'): ProcessFacts | undefined {
  const folder = `${proc}/${pid}`;
  const stat = readStat(folder);
  if (stat === undefined) return undefined;
  const status = readStatus(folder);
  const command = readCommandLine(folder);
  const executable = readExecutable(folder);
  const netNamespace = readNamespace(`${folder}/ns/net`);
  return {
    pid,
    ...stat,
    ...status,
    ...command,
    executable: executable.path,
    executableDeleted: executable.deleted,
    cgroups: parseCgroups(readText(`${folder}/cgroup`) ?? ''),
    netNamespace,
    pidNamespace: readNamespace(`${folder}/ns/pid`),
    denied: executable.denied,
  };
}

/** The start time alone, to see whether a pid is still the same process; undefined when it is gone. */
export function readStartTicks(pid: number, proc = '/proc'): number | undefined {
  return readStat(`${proc}/${pid}`)?.startTicks;
}

/** `pid (name) state ppid …`: the name may hold anything, parentheses too, so that the last one ends it. */
function readStat(folder: string) {
  const text = readText(`${folder}/stat`, 4096);
  if (text === undefined) return undefined;
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const startTicks = Number(fields[19]);
  if (end < 0 || !Number.isInteger(startTicks)) return undefined;
  return {
    startTicks,
    parentPid: Number(fields[1]),
    name: text.slice(text.indexOf('(') + 1, end),
    isKernelThread: (Number(fields[6]) & kernelThreadFlag) !== 0,
  };
}

function readStatus(folder: string) {
  const text = readText(`${folder}/status`, 16 * 1024) ?? '';
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(text)?.[1];
  const pids = /^NSpid:\s+([\d\t ]+)$/m.exec(text)?.[1];
  return { uid: Number(uid ?? 0), namespacePids: pids === undefined ? [] : pids.trim().split(/\s+/).map(Number) };
}

function readCommandLine(folder: string): { args: string[]; argsCount: number } {
  const read = useFile(`${folder}/cmdline`, maxCommandLineBytes, splitArguments);
  return typeof read === 'string' ? { args: [], argsCount: 0 } : read;
}

/** Arguments end with NUL; a title that a program wrote there may lack it, or be followed by many. */
export function splitArguments(bytes: Buffer): { args: string[]; argsCount: number } {
  const args: string[] = [];
  let argsCount = 0;
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  for (let at = 0; at < end; argsCount++) {
    let next = bytes.indexOf(0, at);
    if (next < 0 || next > end) next = end;
    if (args.length < maxArguments) args.push(bytes.toString('utf8', at, Math.min(next, at + maxArgumentBytes)));
    at = next + 1;
  }
  return { args, argsCount };
}

const deletedMark = ' (deleted)';

function readExecutable(folder: string): { path: string | undefined; deleted: boolean; denied: boolean } {
  const link = readLink(`${folder}/exe`);
  if (typeof link === 'string') return { path: undefined, deleted: false, denied: link === 'denied' };
  const deleted = link.target.endsWith(deletedMark);
  const path = deleted ? link.target.slice(0, -deletedMark.length) : link.target;
  return { path, deleted, denied: false };
}

/** `12:cpu,cpuacct:/path` for version 1, `0::/path` for version 2; a path may hold colons. */
export function parseCgroups(text: string): Cgroup[] {
  const cgroups: Cgroup[] = [];
  for (const line of text.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    cgroups.push({ controllers: line.slice(first + 1, second), path: line.slice(second + 1) });
  }
  return cgroups;
}
