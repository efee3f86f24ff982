/** Sockets and probes at work for a test: what they tell of some processes in the clear, kept as it comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openRing } from 'libbpfjs';
import { eventKind, eventSource } from '../../../../bpf/programs/event.gen.ts';
import { EventReader } from '../../../../bpf/programs/event.ts';
import {
  type Counters,
  type Hook,
  hooks,
  openSockets,
  type ProgramStatistics,
} from '../../../../bpf/programs/sockets/sockets.ts';
import { probes as schema } from '../config.ts';
import type { ProbeStatus } from '../messages.ts';
import { startProbes } from '../probes.ts';

export interface Clear {
  pid: number;
  source: number;
  direction: 'in' | 'out';
  role: number;
  localPort: number;
  remotePort: number;
  sequence: number;
  length: number;
  socket: number;
  goroutine: number;
  parentGoroutine: number;
  traceId: number;
  text: string;
}

export interface Watch {
  readonly clear: Clear[];
  /** Writes and reads of sockets, as system calls moved them. */
  readonly plain: Clear[];
  /** Resolves when a TLS library of the process is probed. */
  covered(pid: number): Promise<ProbeStatus[]>;
  /** What there is to probe in a process, as far as it was looked at. */
  status(pid: number): Promise<ProbeStatus[]>;
  /** Takes what is in the ring. */
  settle(): Promise<void>;
  counters(): Counters;
  statistics(): ProgramStatistics[];
  stop(): Promise<void>;
}

const noticeMs = 10_000;

/** Of processes that run already those are probed that `isWanted`. */
export function startWatch(
  options: Record<string, unknown> = {},
  isWanted = (pid: number) => pid !== process.pid,
  kinds: readonly Hook[] = hooks,
): Watch {
  const program = openSockets({ ringBytes: 1 << 24, traceByDefault: true, hooks: kinds });
  const ring = openRing(program.map('events'));
  const reader = new EventReader(ring.data);
  const clear: Clear[] = [];
  const plain: Clear[] = [];
  const probes = startProbes({
    shared: program.shared,
    config: schema.parse(options),
    isWanted,
    onGo: (pid, go) => program.setProcess(pid, { trace: 'yes', go }),
    onTables: () => {},
    onLog: () => {},
  });

  function drain(): void {
    for (let count = ring.claim(); count > 0; count = ring.claim()) {
      for (let i = 0; i < count; i++) {
        reader.at(ring.offsets[i]!);
        take();
      }
      ring.release();
    }
  }

  function take(): void {
    if (reader.kind === eventKind.exec) probes.started(reader.pid);
    if (reader.kind === eventKind.exit) probes.ended(reader.pid);
    if (reader.kind !== eventKind.data) return;
    const { pid, source, role, localPort, remotePort, sequence, length, socket } = reader;
    const { goroutine, parentGoroutine, traceId } = reader;
    (source === eventSource.syscall ? plain : clear).push({
      ...{ pid, source, role, localPort, remotePort, sequence, length, socket, goroutine, parentGoroutine, traceId },
      direction: reader.direction === 1 ? 'out' : 'in',
      text: Buffer.from(reader.payload()).toString('latin1'),
    });
  }

  const timer = setInterval(drain, 10);
  return {
    clear,
    plain,
    status: async (pid) => (await probes.status()).filter((one) => one.pid === pid),
    async covered(pid) {
      for (const end = performance.now() + noticeMs; performance.now() < end; await sleep(25)) {
        const status = (await probes.status()).filter((one) => one.pid === pid);
        if (status.some(({ covered, helps }) => covered && !helps)) return status;
      }
      const status = (await probes.status()).filter((one) => one.pid === pid);
      throw new Error(`process ${pid} is not covered after ${noticeMs} ms: ${JSON.stringify(status)}`);
    },
    async settle() {
      await sleep(100);
      drain();
    },
    counters: () => program.counters(),
    statistics: () => program.statistics(),
    async stop() {
      await probes.stop();
      clearInterval(timer);
      program.close();
      ring.close();
    },
  };
}
