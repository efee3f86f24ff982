/** For tests: the program at work, and what it told of one process, as objects that may be kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BpfError, openRing, type Ring } from 'libbpfjs';
import { eventConstants, eventKind } from '../../event.gen.ts';
import { EventReader, type FileAccess } from '../../event.ts';
import { openSockets, type SocketsOptions, type SocketsProgram } from '../sockets.ts';

export interface Told {
  kind: keyof typeof eventKind;
  direction: 'in' | 'out';
  role: number;
  family: number;
  transport: number;
  flags: number;
  timeNs: number;
  beginNs: number;
  socket: number;
  traceId: number;
  goroutine: number;
  parentGoroutine: number;
  cgroup: number;
  pid: number;
  tid: number;
  netns: number;
  sequence: number;
  otherSequence: number;
  dropped: number;
  length: number;
  captured: number;
  syscall: number;
  localPort: number;
  remotePort: number;
  local: string;
  remote: string;
  payload: string;
  file: FileAccess | undefined;
}

export interface Capture {
  program: SocketsProgram;
  /** All that was told so far of a process, oldest first. */
  of(pid: number): Told[];
  all(): Told[];
  /** Waits for an event of a process. Throws an Error after 20 s. */
  when(pid: number, isIt: (event: Told) => boolean): Promise<Told>;
  /** Waits until the process was told to be over, and gives what was told of it. Throws an Error after 20 s. */
  whenOver(pid: number): Promise<Told[]>;
  /** Stops emptying the ring, and goes on. */
  pause(): void;
  resume(): void;
  close(): void;
  [Symbol.dispose](): void;
}

/** Why the program cannot run here, for `t.skip`; undefined when it can. Anything but a missing permission is thrown. */
export function missingPermission(): string | undefined {
  try {
    openSockets({ ringBytes: 1 << 18, traceByDefault: false }).close();
    return undefined;
  } catch (error) {
    // The verifier's refusal has the same code, and is no reason to leave tests out.
    const isVerifier = error instanceof BpfError && error.log.includes('BEGIN PROG LOAD LOG');
    if (error instanceof BpfError && (error.code === 'EPERM' || error.code === 'EACCES') && !isVerifier)
      return error.message;
    throw error;
  }
}

export function startCapture(options: Partial<SocketsOptions> = {}): Capture {
  const program = openSockets({ ringBytes: 1 << 22, traceByDefault: false, ...options });
  const ring = openRing(program.map('events'));
  const reader = new EventReader(ring.data);
  const told: Told[] = [];
  let paused = false;
  const drain = () => {
    if (!paused) take(ring, reader, told);
  };
  const timer = setInterval(drain, 5);
  const close = () => {
    clearInterval(timer);
    ring.close();
    program.close();
  };
  async function when(pid: number, isIt: (event: Told) => boolean): Promise<Told> {
    const end = Date.now() + 20_000;
    for (let from = 0; ; await sleep(5)) {
      for (; from < told.length; from++) if (told[from]!.pid === pid && isIt(told[from]!)) return told[from]!;
      if (Date.now() > end) throw new Error(`nothing of process ${pid} is what was waited for`);
    }
  }
  return {
    program,
    of(pid) {
      drain();
      return told.filter((event) => event.pid === pid);
    },
    all() {
      drain();
      return told;
    },
    when,
    async whenOver(pid) {
      await when(pid, ({ kind }) => kind === 'exit');
      // Ends of its sockets may be told after its own.
      await sleep(20);
      drain();
      return told.filter((event) => event.pid === pid);
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
    },
    close,
    [Symbol.dispose]: close,
  };
}

const kinds = new Map<number, keyof typeof eventKind>(
  Object.entries(eventKind).map(([name, number]) => [number, name as keyof typeof eventKind]),
);

function take(ring: Ring, reader: EventReader, told: Told[]): void {
  for (let count = ring.claim(); count > 0; count = ring.claim()) {
    for (let i = 0; i < count; i++) {
      reader.at(ring.offsets[i]!);
      told.push(copy(reader));
    }
    ring.release();
  }
}

function copy(reader: EventReader): Told {
  const { role, family, transport, flags, timeNs, beginNs, socket, traceId, goroutine, parentGoroutine } = reader;
  const { cgroup, pid, tid, netns, sequence, otherSequence, dropped, length, captured, syscall } = reader;
  const kind = kinds.get(reader.kind);
  if (kind === undefined) throw new Error(`an event of unknown kind ${reader.kind}`);
  return {
    kind,
    direction: reader.direction === 1 ? 'out' : 'in',
    ...{ role, family, transport, flags, timeNs, beginNs, socket, traceId, goroutine, parentGoroutine },
    ...{ cgroup, pid, tid, netns, sequence, otherSequence, dropped, length, captured, syscall },
    localPort: reader.localPort,
    remotePort: reader.remotePort,
    local: address(reader, reader.localAt),
    remote: address(reader, reader.remoteAt),
    payload: Buffer.from(reader.payload()).toString('latin1'),
    file: kind === 'file' ? reader.file() : undefined,
  };
}

function address({ bytes, family, flags }: EventReader, at: number): string {
  const raw = bytes.subarray(at, at + 16);
  if (flags & eventConstants.EVENT_UNIX) return Buffer.from(raw.subarray(0, 6)).reverse().toString('hex');
  return family === 4 ? raw.subarray(0, 4).join('.') : Buffer.from(raw).toString('hex');
}
