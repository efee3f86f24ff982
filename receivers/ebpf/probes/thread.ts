/** The probes' thread: reads binaries and joins probes, which takes milliseconds that the capture thread has not got. */
import { existsSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openTls } from '../../../bpf/programs/tls/tls.ts';
import { createLibraryFinder, type TlsLibrary } from '../../../bpf/uprobes/libraries.ts';
import type { ProbePoint } from '../../../bpf/uprobes/point.ts';
import { listProcesses, readStartTicks } from '../../../host/processes.ts';
import { Coverage, type Detachable } from './coverage.ts';
import type { FromProbes, ProbesSetup, ToProbes } from './messages.ts';
import { Schedule } from './schedule.ts';
import { createUnseen } from './unseen.ts';
import { tablePoints, wantedPoints } from './wanted.ts';

const { shared, config, proc } = workerData as ProbesSetup;
const port = parentPort!;
const now = () => performance.now();
/** Probes without processes are left so late at most. */
const idleMs = 5000;
const lingerMs = 30_000;
/** Now, as the start of processes is counted. */
const beginTicks = uptime() * 100;
const findMs = 30_000;
/** By then who starts us has told of those that it knows. */
const firstFindMs = 100;
/** Executables that were seen; beyond it all are forgotten, and looked at anew. */
const maxExecutables = 16_384;

const program = openTls(shared, {
  families: config.enabled || config.go_http || config.asyncio ? ['library', 'go'] : [],
});
for (const [family, error] of program.failures) {
  post({ type: 'log', message: 'TLS libraries cannot be probed', fields: { family, error: error.message } });
}
const finder = createLibraryFinder(proc);
const schedule = new Schedule(now);
const executables = new Set<string>();
/**
 * Processes for a look at what helps libraries, which comes before all other looks: those that ran before us, and those of executables that
 * are new. A library that others have is probed in them, too.
 */
const early: number[] = [];
/** Processes that ran before us are known: only then there are other looks. */
let isComplete = false;
/** Processes that were told of, or found and asked about. */
const seen = new Set<number>();
const unseen = createUnseen({ tell: (message, fields) => post({ type: 'log', message, fields }), now });
const coverage = new Coverage({
  find: (pid) => finder.find(pid),
  attach: (library, pid) => attach(library, wantedPoints(library, config), pid),
  attachTables: (library, pid) => attach(library, tablePoints(library, config), pid),
  hasTables: (library) => tablePoints(library, config).length > 0,
  scope: config.scope,
  isThere: ({ open }) => existsSync(open),
  onFailure: (status) => unseen.add(status),
  onGo(pid, { go }) {
    const offsets = go?.goroutine;
    if (offsets === undefined) return;
    const place = { gOffset: -8, goidOffset: offsets.goid, parentGoidOffset: offsets.parentGoid ?? 0 };
    post({ type: 'go', pid, place });
  },
  onTables: (pid, probed) => post({ type: 'tables', pid, probed }),
  now,
  lingerMs,
});

function post(message: FromProbes): void {
  port.postMessage(message);
}

function attach(library: TlsLibrary, points: ProbePoint[], pid: number | undefined): Detachable | undefined {
  const family = library.kind === 'go' ? 'go' : 'library';
  if (points.length === 0) return undefined;
  if (!program.has(family)) throw new Error(`its programs were refused: ${program.failures.get(family)?.message}`);
  return program.attach({ family, path: library.open, points, ...(pid === undefined ? {} : { pid }) });
}

function started(pid: number): void {
  seen.add(pid);
  coverage.forget(pid);
  const first = isNew(pid);
  schedule.start(pid, first);
  if (first || isOlder(pid)) early.push(pid);
}

/** Probes of a file that is known are there before the process has run its first line. */
function isNew(pid: number): boolean {
  let identity: string;
  try {
    const { dev, ino } = statSync(`${proc}/${pid}/exe`);
    identity = `${dev}:${ino}`;
  } catch {
    return false;
  }
  if (executables.has(identity)) return false;
  if (executables.size >= maxExecutables) executables.clear();
  executables.add(identity);
  return true;
}

/** Whether the process ran before we did: its connections may be older than we are, too. */
function isOlder(pid: number): boolean {
  return (readStartTicks(pid, proc) ?? Infinity) < beginTicks;
}

let timer: NodeJS.Timeout | undefined;

/** One process at a time, so that messages are heard in between. */
function work(): void {
  timer = undefined;
  unseen.tick();
  if (look() || coverage.sweep()) wake(0);
  else wake(Math.min(isComplete ? schedule.restMs : Infinity, idleMs));
}

/** True when there was one to look at. */
function look(): boolean {
  const first = early.pop();
  if (first !== undefined) {
    coverage.scan(first, true);
    return true;
  }
  const pid = isComplete ? schedule.take() : undefined;
  if (pid === undefined) return false;
  coverage.scan(pid);
  if (isOlder(pid)) coverage.watchTables(pid);
  return true;
}

function wake(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(work, ms);
}

const firstFind = setTimeout(findMissed, firstFindMs);
const finding = setInterval(findMissed, findMs);

port.on('message', (message: ToProbes) => {
  switch (message.type) {
    case 'started':
      started(message.pid);
      return wake(0);
    case 'known':
      isComplete = true;
      for (const pid of message.pids) started(pid);
      return wake(0);
    case 'ended':
      seen.delete(message.pid);
      schedule.end(message.pid);
      return coverage.forget(message.pid);
    case 'encrypted':
      if (coverage.covers(message.pid)) return;
      schedule.again(message.pid);
      return wake(0);
    case 'tables':
      return coverage.watchTables(message.pid);
    case 'status':
      return post({ type: 'status', id: message.id, status: coverage.status() });
    case 'stop':
      clearTimeout(timer);
      clearTimeout(firstFind);
      clearInterval(finding);
      coverage.close();
      program.close();
      post({ type: 'stopped' });
      return port.close();
    default:
      return message satisfies never;
  }
});

/** Processes that were not told of. Whether they are traced is known to who starts us. */
function findMissed(): void {
  const pids = listProcesses(proc);
  const found = pids.filter((pid) => !seen.has(pid));
  for (const pid of found) seen.add(pid);
  post({ type: 'found', pids: found });
  const alive = new Set(pids);
  for (const pid of seen) {
    if (alive.has(pid)) continue;
    seen.delete(pid);
    schedule.end(pid);
    coverage.forget(pid);
  }
}

wake(0);
