/** What the programs cost in the kernel, and the ring in user space, apart from everything else. */
import { execFile, execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { enableRunTimeStats, openRing } from 'libbpfjs';
import { EventReader } from '../../../bpf/programs/event.ts';
import { openSockets, type SocketsProgram } from '../../../bpf/programs/sockets/sockets.ts';
import { BatchOrder } from '../../../receivers/ebpf/batch-order.ts';
import { startSubject } from './subjects.ts';

export interface KernelFigures {
  nsPerEvent: number;
  /** Both ends of a system call of a process that is not traced. */
  nsPerUntracedCall: number;
  /** Ordering and reading the fields of an event. */
  readNsPerEvent: number;
  eventsPerSecond: number;
  lost: number;
}

const run = promisify(execFile);
const options = { ringBytes: 16 << 20, traceByDefault: false };

export async function measureKernel(seconds: number): Promise<KernelFigures> {
  const stats = enableRunTimeStats();
  try {
    const nsPerUntracedCall = untracedCall();
    return { nsPerUntracedCall, ...(await tracedEvents(seconds)) };
  } finally {
    stats.close();
  }
}

/** A million reads and writes of one byte, by a process that no filter names. */
function untracedCall(): number {
  using program = openSockets(options);
  const before = runTime(program, /_(enter|exit)$/);
  execFileSync('dd', ['if=/dev/zero', 'of=/dev/null', 'bs=1', 'count=1000000'], { stdio: 'ignore' });
  return (runTime(program, /_(enter|exit)$/) - before) / 2e6;
}

/** nginx under load, its events read and nothing done with them. */
async function tracedEvents(seconds: number): Promise<Omit<KernelFigures, 'nsPerUntracedCall'>> {
  const service = await startSubject({ name: 'kernel', server: 'nginx', path: '/12', tls: false, goal: 0 });
  using program = openSockets(options);
  using ring = openRing(program.map('events'));
  const reader = new EventReader(ring.data);
  const order = new BatchOrder();
  let readNs = 0;
  let events = 0;
  const timer = setInterval(() => {
    const start = process.threadCpuUsage();
    let read = 0;
    for (let count = ring.claim(1 << 20); count > 0; count = ring.claim(1 << 20)) {
      for (const index of order.of(reader.view, ring.offsets, count)) reader.at(ring.offsets[index]!);
      ring.release();
      read += count;
    }
    events += read;
    readNs += cpuNsSince(start);
  }, 20);
  try {
    for (const pid of workersOf(service.pid)) program.setProcess(pid, { trace: 'yes' });
    const load = (howLong: number) => run('wrk', ['-t1', '-c16', `-d${howLong}s`, service.url]);
    await load(1);
    await sleep(50);
    readNs = 0;
    events = 0;
    const before = runTime(program, /./);
    const startMs = performance.now();
    await load(seconds);
    const elapsed = (performance.now() - startMs) / 1000;
    await sleep(50);
    return {
      nsPerEvent: (runTime(program, /./) - before) / events,
      readNsPerEvent: readNs / events,
      eventsPerSecond: events / elapsed,
      lost: program.counters().ringFull,
    };
  } finally {
    clearInterval(timer);
    await service.stop();
  }
}

/** Not by the clock on the wall: server and load want the same processors. */
function cpuNsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) * 1000;
}

function workersOf(pid: number): number[] {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return [
    pid,
    ...children
      .split('\n')
      .map(Number)
      .filter((child) => child > 0),
  ];
}

function runTime(program: SocketsProgram, names: RegExp): number {
  return program
    .statistics()
    .filter(({ name }) => names.test(name))
    .reduce((sum, { timeNs }) => sum + timeNs, 0);
}
