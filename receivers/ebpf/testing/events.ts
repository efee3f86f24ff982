/** Makes events of one socket for tests, with sequence numbers as the kernel gives them. */
import { eventKind, eventSource } from '../../../bpf/programs/event.gen.ts';
import type { SocketEvent } from '../socket-event.ts';

export interface TestSocket {
  /** A system call that moved the text; `captured` bytes of it were sent. */
  write(text: string, change?: Partial<SocketEvent>): SocketEvent;
  read(text: string, change?: Partial<SocketEvent>): SocketEvent;
  /** A probe tells whose the call on a stream is. */
  link(stream: number, goroutine: number, change?: Partial<SocketEvent>): SocketEvent;
  open(): SocketEvent;
  close(): SocketEvent;
}

const localAddress = [127, 0, 0, 1];
const remoteAddress = [127, 0, 0, 2];
const roles = { client: 1, server: 2, unknown: 0 };

/** Time goes on by a microsecond with each event. */
export function testSocket(
  socket: number,
  role: keyof typeof roles,
  localPort: number,
  remotePort: number,
): TestSocket {
  const sequences: [number, number] = [1000, 0xffff_ff00];
  let nowNs = 1e9;

  function make(kind: number, direction: number, text: string, change: Partial<SocketEvent>): SocketEvent {
    const payload = Buffer.from(text, 'latin1');
    const length = change.length ?? payload.length;
    nowNs += 1000;
    const made: SocketEvent = {
      kind,
      source: eventSource.syscall,
      direction,
      role: roles[role],
      family: 4,
      transport: 6,
      flags: 0,
      timeNs: nowNs,
      beginNs: nowNs - 500,
      socket,
      traceId: 7,
      goroutine: 0,
      parentGoroutine: 0,
      coroutine: 0,
      pid: 100,
      tid: 101,
      netns: 1,
      sequence: sequences[direction as 0 | 1],
      otherSequence: sequences[direction === 0 ? 1 : 0],
      length,
      captured: payload.length,
      localPort,
      remotePort,
      bytes: Buffer.concat([Buffer.alloc(32), payload]),
      localAt: 0,
      remoteAt: 16,
      payloadAt: 32,
      ...change,
    };
    made.bytes.set(localAddress, 0);
    made.bytes.set(remoteAddress, 16);
    if (kind === eventKind.data) sequences[direction as 0 | 1] = (made.sequence + length) >>> 0;
    return made;
  }

  return {
    write: (text, change = {}) => make(eventKind.data, 1, text, change),
    read: (text, change = {}) => make(eventKind.data, 0, text, change),
    link: (stream, goroutine, change = {}) =>
      make(eventKind.link, role === 'server' ? 0 : 1, '', { sequence: stream, goroutine, ...change }),
    open: () => make(eventKind.open, 0, '', {}),
    close: () => make(eventKind.close, 0, '', {}),
  };
}
