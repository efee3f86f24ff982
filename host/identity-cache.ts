/** Keeps who is who while processes start, become other programs and end, so that late events still find a name. */
import type { Container } from './container.ts';
import { pickVariables } from './environment.ts';
import { createIdentityReader, type IdentityOptions, type ProcessIdentity } from './identity.ts';
import { type ProcessFacts, readStartTicks, splitArguments } from './processes.ts';

export interface IdentityCacheOptions extends IdentityOptions {
  /** The least recently used are forgotten above this. */
  maxEntries: number;
  /** How long a process that ended is still known. Higher names later events, and keeps more of the dead. */
  graceMs: number;
  /** Milliseconds that only go up. */
  now?: () => number;
}

/** What is told of a program when it is executed, for one that ends before it can be read. */
export interface ToldOfExec {
  path: string;
  parentPid: number;
  /** As /proc/PID/cmdline and /proc/PID/environ would give them. */
  commandLine: Buffer;
  environment: Buffer;
}

/** Times are nanoseconds of CLOCK_MONOTONIC, as events have them. */
export interface IdentityCache {
  /**
   * The process that had this pid at that time; without a time, now. Undefined when nothing is known: it has ended and was
   * never looked at.
   */
  identify(pid: number, timeNs?: number): ProcessIdentity | undefined;
  /** It runs another program from now on; `cgroup` is the event's. */
  onExec(pid: number, timeNs: number, told: ToldOfExec, cgroup?: string): ProcessIdentity;
  /** `parent` has a new child. */
  onFork(parent: number, pid: number, timeNs: number): void;
  onExit(pid: number, timeNs: number): void;
  /** Forgets those that ended long enough ago, and gives their keys, so that what was made of them can go too. */
  sweep(): string[];
  readonly size: number;
}

interface Entry {
  identity: ProcessIdentity;
  /** Undefined while it is the pid's owner. */
  endNs: number | undefined;
  endedMs: number | undefined;
  checkedMs: number;
  next: Entry | undefined;
}

/** A pid may have another owner without our having been told (events get lost): its start time is read again after this. */
const recheckMs = 5000;
/** A pid that could not be found is not looked for again in this time. */
const missingMs = 1000;
/** Processes that are read when they are executed, each second; one takes about 0.1 ms. */
const maxExecReads = 200;
/** Of one pid this many earlier owners or programs are kept. */
const maxEarlier = 3;

export function createIdentityCache(options: IdentityCacheOptions): IdentityCache {
  const { maxEntries, graceMs, proc = '/proc', now = () => performance.now() } = options;
  const reader = createIdentityReader(options);
  /** By pid, least recently used first; an entry leads to the earlier owners of its pid. */
  const entries = new Map<number, Entry>();
  const missing = new Map<number, number>();
  /** Short-lived processes are in the container of others of their cgroup. */
  const containers = new Map<string, Container | undefined>();
  /** Parents of processes that executed nothing yet, oldest first. */
  const parents = new Map<number, number>();
  let generation = 0;
  let readSecond = -1;
  let readsLeft = 0;

  function identify(pid: number, timeNs?: number): ProcessIdentity | undefined {
    let entry = entries.get(pid);
    if (entry !== undefined && entry.endNs === undefined && isStale(entry, pid)) entry = undefined;
    if (entry !== undefined) {
      if (entry.identity.isGuess && entry.endNs === undefined) readAfterAll(pid, entry);
      touch(pid, entry);
      const found = timeNs === undefined ? current(entry) : ownerAt(entry, timeNs);
      if (found !== undefined) return found.identity;
    }
    return lookUp(pid) ?? (timeNs === undefined ? undefined : (childAt(pid, timeNs) ?? entry?.identity));
  }

  /** A child that ended before it could be read, as its parent knows it. */
  function childAt(pid: number, timeNs: number): ProcessIdentity | undefined {
    const parentPid = parents.get(pid);
    if (parentPid === undefined) return undefined;
    // Once: whatever is found stays, and pids that lead back to themselves end here.
    parents.delete(pid);
    const parent = identify(parentPid, timeNs);
    if (parent === undefined) return undefined;
    const child = reader.childOf(parent, pid);
    return put(pid, { ...child, key: `${child.key}:${++generation}` });
  }

  /** Asked once: a process that is gone stays what its event told. */
  function readAfterAll(pid: number, entry: Entry): void {
    const read = reader.read(pid);
    // Without an executable it is ending, or another user's: what it was executed with tells more.
    const isMore = read?.facts.executable !== undefined;
    entry.identity = isMore ? { ...read, key: `${read.key}:${++generation}` } : { ...entry.identity, isGuess: false };
  }

  function current(entry: Entry): Entry | undefined {
    return entry.endNs === undefined ? entry : undefined;
  }

  /** The earliest owner that had not ended by then. */
  function ownerAt(entry: Entry, timeNs: number): Entry | undefined {
    let owner = entry.endNs === undefined || timeNs <= entry.endNs ? entry : undefined;
    for (let earlier = entry.next; earlier !== undefined; earlier = earlier.next) {
      if (earlier.endNs !== undefined && timeNs <= earlier.endNs) owner = earlier;
    }
    return owner;
  }

  function isStale(entry: Entry, pid: number): boolean {
    if (now() - entry.checkedMs < recheckMs) return false;
    entry.checkedMs = now();
    const start = readStartTicks(pid, proc);
    // Ended without our being told: late events may still come, so that it stays for its grace.
    if (start === undefined) entry.endedMs ??= now();
    return start !== undefined && start !== entry.identity.startTicks;
  }

  function lookUp(pid: number): ProcessIdentity | undefined {
    const triedMs = missing.get(pid);
    if (triedMs !== undefined && now() - triedMs < missingMs) return undefined;
    const identity = reader.read(pid);
    if (identity?.facts.executable === undefined && parents.has(pid)) return undefined;
    const known = entries.get(pid);
    if (identity === undefined || (known?.endNs !== undefined && known.identity.startTicks === identity.startTicks)) {
      // A process that is ending is still in /proc for a while; it is no new owner.
      if (missing.size >= maxEntries) missing.clear();
      missing.set(pid, now());
      return undefined;
    }
    put(pid, identity);
    return identity;
  }

  function put(pid: number, identity: ProcessIdentity): ProcessIdentity {
    missing.delete(pid);
    const before = entries.get(pid);
    if (before !== undefined) before.endedMs ??= now();
    const next = before?.endNs === undefined ? undefined : cut(before, maxEarlier);
    entries.delete(pid);
    entries.set(pid, { identity, endNs: undefined, endedMs: undefined, checkedMs: now(), next });
    if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
    return identity;
  }

  function touch(pid: number, entry: Entry): void {
    entries.delete(pid);
    entries.set(pid, entry);
  }

  function onExec(pid: number, timeNs: number, told: ToldOfExec, cgroup = ''): ProcessIdentity {
    const before = entries.get(pid);
    if (before !== undefined) before.endNs ??= timeNs;
    const known = { facts: factsOf(pid, told), environment: pickVariables(told.environment) };
    const read = mayRead() ? reader.read(pid, known) : undefined;
    if (cgroup !== '' && read !== undefined) {
      if (containers.size >= maxEntries) containers.clear();
      containers.set(cgroup, read.container);
    }
    const identity = read ?? reader.guess(known, containers.get(cgroup));
    parents.delete(pid);
    return put(pid, { ...identity, key: `${identity.key}:${++generation}` });
  }

  function onFork(parent: number, pid: number, timeNs: number): void {
    const before = entries.get(pid);
    if (before !== undefined) {
      // Its end may not have been told: events get lost.
      before.endNs ??= timeNs;
      before.endedMs ??= now();
    }
    missing.delete(pid);
    parents.delete(pid);
    parents.set(pid, parent);
    if (parents.size > maxEntries) parents.delete(parents.keys().next().value!);
  }

  /** Thousands of short processes a second are not worth reading each: those that then do something are read after all. */
  function mayRead(): boolean {
    const second = Math.floor(now() / 1000);
    if (second !== readSecond) {
      readSecond = second;
      readsLeft = maxExecReads;
    }
    readsLeft -= 1;
    return readsLeft >= 0;
  }

  function onExit(pid: number, timeNs: number): void {
    const entry = entries.get(pid);
    if (entry === undefined) return;
    entry.endNs ??= timeNs;
    entry.endedMs ??= now();
  }

  function sweep(): string[] {
    const forgotten: string[] = [];
    const deadline = now() - graceMs;
    for (const [pid, entry] of entries) {
      const keep = withoutEnded(entry, deadline, forgotten);
      if (keep === undefined) entries.delete(pid);
      else if (keep !== entry) entries.set(pid, keep);
    }
    return forgotten;
  }

  return {
    identify,
    onExec,
    onFork,
    onExit,
    sweep,
    get size() {
      return entries.size;
    },
  };
}

/** The chain without those that ended before the deadline. */
function withoutEnded(entry: Entry, deadline: number, forgotten: string[]): Entry | undefined {
  if (entry.next !== undefined) entry.next = withoutEnded(entry.next, deadline, forgotten);
  if (entry.endedMs === undefined || entry.endedMs > deadline) return entry;
  forgotten.push(entry.identity.key);
  return entry.next;
}

function cut(entry: Entry, length: number): Entry {
  let last = entry;
  for (let at = 1; at < length && last.next !== undefined; at++) last = last.next;
  last.next = undefined;
  return entry;
}

/** All that an event tells of a process that ended before it could be read. */
function factsOf(pid: number, { path, parentPid, commandLine }: ToldOfExec): ProcessFacts {
  const { args, argsCount } = splitArguments(commandLine);
  return {
    pid,
    startTicks: 0,
    parentPid,
    name: path.slice(path.lastIndexOf('/') + 1).slice(0, 15),
    executable: interpreterOf(path, args) ?? path,
    executableDeleted: false,
    args,
    argsCount,
    uid: 0,
    cgroups: [],
    namespacePids: [],
    netNamespace: undefined,
    pidNamespace: undefined,
    isKernelThread: false,
    denied: false,
  };
}

/** Of a script that is executed by its name: the kernel runs `INTERPRETER [OPTION] SCRIPT …`, and that is the executable. */
function interpreterOf(path: string, [first, second, third]: string[]): string | undefined {
  return first !== path && (second === path || third === path) && first?.startsWith('/') ? first : undefined;
}
