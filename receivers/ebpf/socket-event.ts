/** One event of a socket as this receiver reads it; the ring's reader has this shape, and so have copies of events that wait. */

/** Numbers of `enum event_direction`: what the process reads comes in, what it writes goes out. */
export type Direction = 0 | 1;

export interface SocketEvent {
  readonly kind: number;
  readonly source: number;
  readonly direction: number;
  readonly role: number;
  readonly family: number;
  readonly transport: number;
  readonly flags: number;
  /** CLOCK_MONOTONIC nanoseconds when the call returned, and when it was made. */
  readonly timeNs: number;
  readonly beginNs: number;
  /** Names the socket while it is open: the low 48 bits of a kernel address. */
  readonly socket: number;
  readonly traceId: number;
  readonly goroutine: number;
  readonly parentGoroutine: number;
  readonly coroutine: number;
  readonly pid: number;
  readonly tid: number;
  readonly netns: number;
  readonly sequence: number;
  readonly otherSequence: number;
  readonly length: number;
  readonly captured: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** Where `captured` bytes of payload, and 16 bytes of each address, lie. */
  readonly bytes: Uint8Array;
  readonly payloadAt: number;
  readonly localAt: number;
  readonly remoteAt: number;
}

/** The event without the ring's memory. */
export function copyEvent(event: SocketEvent): SocketEvent {
  const bytes = new Uint8Array(32 + event.captured);
  bytes.set(event.bytes.subarray(event.localAt, event.localAt + 16));
  bytes.set(event.bytes.subarray(event.remoteAt, event.remoteAt + 16), 16);
  bytes.set(event.bytes.subarray(event.payloadAt, event.payloadAt + event.captured), 32);
  const { kind, source, direction, role, family, transport, flags, timeNs, beginNs, socket, traceId } = event;
  const { goroutine, parentGoroutine, coroutine, pid, tid, netns, sequence, otherSequence, length, captured } = event;
  return {
    ...{ kind, source, direction, role, family, transport, flags, timeNs, beginNs, socket, traceId },
    ...{ goroutine, parentGoroutine, coroutine, pid, tid, netns, sequence, otherSequence, length, captured },
    localPort: event.localPort,
    remotePort: event.remotePort,
    bytes,
    localAt: 0,
    remoteAt: 16,
    payloadAt: 32,
  };
}
