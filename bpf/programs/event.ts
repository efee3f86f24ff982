/** Reads the records of the ring (`struct event`, shared/event.h) where they are: one reader for all, its fields set anew for each. */
import { event, eventKind, execEvent, fileEvent } from './event.gen.ts';

const high = 2 ** 32;

/**
 * Fields are plain numbers, as described in shared/event.h. 64-bit ones are exact up to 2^53, which every one of them stays below:
 * times for 104 days of the host being up, ids of sockets and traces by how they are made.
 */
export class EventReader {
  /** The ring, or a copy of it. Read-only: a write into the ring's pages ends the process. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  kind = 0;
  source = 0;
  direction = 0;
  role = 0;
  family = 0;
  transport = 0;
  flags = 0;
  /** CLOCK_MONOTONIC nanoseconds when the call returned, and when it was made. */
  timeNs = 0.5;
  beginNs = 0.5;
  socket = 0.5;
  traceId = 0.5;
  goroutine = 0.5;
  parentGoroutine = 0.5;
  coroutine = 0.5;
  cgroup = 0.5;
  pid = 0;
  tid = 0;
  netns = 0;
  sequence = 0;
  otherSequence = 0;
  dropped = 0;
  length = 0;
  captured = 0;
  syscall = 0;
  localPort = 0;
  remotePort = 0;
  /** Where in `bytes` the addresses (16 bytes each, IPv4 the first four) and `captured` bytes of payload begin. */
  localAt = 0;
  remoteAt = 0;
  payloadAt = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Goes to the record that begins there. */
  at(offset: number): void {
    const { view } = this;
    this.timeNs = view.getUint32(offset + event.timeNs, true) + view.getUint32(offset + event.timeNs + 4, true) * high;
    this.beginNs =
      view.getUint32(offset + event.beginNs, true) + view.getUint32(offset + event.beginNs + 4, true) * high;
    this.socket = view.getUint32(offset + event.socket, true) + view.getUint16(offset + event.socket + 4, true) * high;
    this.traceId =
      view.getUint32(offset + event.traceId, true) + view.getUint32(offset + event.traceId + 4, true) * high;
    this.goroutine =
      view.getUint32(offset + event.goroutine, true) + view.getUint32(offset + event.goroutine + 4, true) * high;
    this.parentGoroutine =
      view.getUint32(offset + event.parentGoroutine, true) +
      view.getUint32(offset + event.parentGoroutine + 4, true) * high;
    this.coroutine =
      view.getUint32(offset + event.coroutine, true) + view.getUint32(offset + event.coroutine + 4, true) * high;
    this.cgroup = view.getUint32(offset + event.cgroup, true) + view.getUint32(offset + event.cgroup + 4, true) * high;
    this.pid = view.getUint32(offset + event.pid, true);
    this.tid = view.getUint32(offset + event.tid, true);
    this.netns = view.getUint32(offset + event.netns, true);
    this.sequence = view.getUint32(offset + event.sequence, true);
    this.otherSequence = view.getUint32(offset + event.otherSequence, true);
    this.dropped = view.getUint32(offset + event.dropped, true);
    this.length = view.getUint32(offset + event.length, true);
    this.captured = view.getUint32(offset + event.captured, true);
    this.kind = view.getUint8(offset + event.kind);
    this.source = view.getUint8(offset + event.source);
    this.direction = view.getUint8(offset + event.direction);
    this.role = view.getUint8(offset + event.role);
    this.family = view.getUint8(offset + event.family);
    this.transport = view.getUint8(offset + event.transport);
    this.flags = view.getUint8(offset + event.flags);
    this.syscall = view.getUint16(offset + event.syscall, true);
    this.localPort = view.getUint16(offset + event.localPort, true);
    this.remotePort = view.getUint16(offset + event.remotePort, true);
    this.localAt = offset + event.local;
    this.remoteAt = offset + event.remote;
    this.payloadAt = offset + event.size;
  }

  /** A copy of the payload, which may be kept. */
  payload(): Uint8Array {
    return this.bytes.slice(this.payloadAt, this.payloadAt + this.captured);
  }

  /** Of an `exec` event what it tells besides the event's own fields. */
  exec(): Execution {
    if (this.kind !== eventKind.exec || this.captured < execEvent.size) {
      throw new RangeError(`event of kind ${this.kind} with ${this.captured} bytes is no execution`);
    }
    const { view, payloadAt, captured } = this;
    const end = payloadAt + captured;
    let at = payloadAt + execEvent.size;
    const next = (length: number): Buffer => {
      const from = at;
      at = Math.min(from + view.getUint32(payloadAt + length, true), end);
      return Buffer.from(this.bytes.subarray(from, at));
    };
    return {
      parentPid: view.getUint32(payloadAt + execEvent.parent, true),
      path: next(execEvent.pathLength).toString('utf8'),
      commandLine: next(execEvent.argumentsLength),
      environment: next(execEvent.environmentLength),
    };
  }

  /** Of a `file` event what it tells besides the event's own fields. */
  file(): FileAccess {
    if (this.kind !== eventKind.file || this.captured < fileEvent.size) {
      throw new RangeError(`event of kind ${this.kind} with ${this.captured} bytes is no access to a file`);
    }
    const { view, bytes } = this;
    const at = this.payloadAt;
    const word = (offset: number) => view.getUint32(at + offset, true) + view.getUint32(at + offset + 4, true) * high;
    const length = Math.min(view.getUint32(at + fileEvent.pathLength, true), this.captured - fileEvent.size);
    return {
      path: Buffer.from(bytes.buffer, bytes.byteOffset + at + fileEvent.size, length).toString('utf8'),
      inode: word(fileEvent.inode),
      offset: word(fileEvent.offset),
      deviceMajor: view.getUint32(at + fileEvent.deviceMajor, true),
      deviceMinor: view.getUint32(at + fileEvent.deviceMinor, true),
    };
  }
}

export interface Execution {
  parentPid: number;
  /** As it was named: cut at its end beyond 1,023 bytes. */
  path: string;
  /** As /proc/PID/cmdline and /proc/PID/environ give them: texts that end with NUL; cut beyond 4,095 and 8,191 bytes. A copy. */
  commandLine: Buffer;
  environment: Buffer;
}

export interface FileAccess {
  /** As the whole host names it (not the process's root folder); cut at its beginning beyond 1,023 bytes or 32 folders. */
  path: string;
  inode: number;
  /** Position in the file where the call began. */
  offset: number;
  deviceMajor: number;
  deviceMinor: number;
}
