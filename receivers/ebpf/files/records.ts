/**
 * Reads and writes of files as `deepflow.file_io` logs: what was read, how long it took, and the call that waited for it.
 *
 * | attribute | |
 * |---|---|
 * | `file.path`, `file.name`, `file.inode` | the file; its path as the whole host names it |
 * | `deepflow.file.device` | `major:minor` of its file system |
 * | `deepflow.file.operation` | `read` or `write` |
 * | `deepflow.file.offset`, `deepflow.file.size` | where it began, and how many bytes were moved |
 * | `deepflow.file.duration` | of the system call, ns |
 * | `thread.id`, `deepflow.goroutine.id`, `deepflow.coroutine.id`, `deepflow.syscall_trace_id` | who did it; the last is that of the request the thread works on |
 */
import { basename } from 'node:path';
import { eventDirection } from '../../../bpf/programs/event.gen.ts';
import type { FileAccess } from '../../../bpf/programs/event.ts';
import type { ProcessResource } from '../../../flow/l7/evidence.ts';
import { attributeKey } from '../../../flow/otlp/attribute-writer.ts';
import { LogWriter, type LogWriterOptions, type SpanIds } from '../log-writer.ts';
import type { SocketEvent } from '../socket-event.ts';

export const fileEventName = 'deepflow.file_io';

const keys = {
  path: attributeKey('file.path'),
  name: attributeKey('file.name'),
  inode: attributeKey('file.inode'),
  device: attributeKey('deepflow.file.device'),
  operation: attributeKey('deepflow.file.operation'),
  offset: attributeKey('deepflow.file.offset'),
  size: attributeKey('deepflow.file.size'),
  duration: attributeKey('deepflow.file.duration'),
  thread: attributeKey('thread.id'),
  goroutine: attributeKey('deepflow.goroutine.id'),
  coroutine: attributeKey('deepflow.coroutine.id'),
  traceId: attributeKey('deepflow.syscall_trace_id'),
} as const;

/** An event of kind `file`, as the ring's reader gives it. */
export interface FileEvent extends SocketEvent {
  file(): FileAccess;
}

export interface FileRecordsOptions extends LogWriterOptions {
  /** Monotonic nanoseconds to the capture's. */
  timeOf(monotonicNs: number): number;
  processOf(pid: number, timeNs: number): ProcessResource;
  /** The call that came in and that the thread (or goroutine) of the event is answering, by its syscall trace id; undefined when none is known. */
  callOf?(event: SocketEvent): SpanIds | undefined;
}

export class FileRecords {
  readonly #options: FileRecordsOptions;
  readonly #log: LogWriter;

  constructor(options: FileRecordsOptions) {
    this.#options = options;
    this.#log = new LogWriter(options);
  }

  /** `dropped`: records for which there was no room. */
  get counters(): { records: number; dropped: number } {
    const { records, dropped } = this.#log;
    return { records, dropped };
  }

  get pendingBytes(): number {
    return this.#log.pendingBytes;
  }

  /** Takes an event of kind `file`; its bytes may be overwritten after the call. Throws a RangeError when it is cut. */
  event(event: FileEvent): void {
    const { path, inode, offset, deviceMajor, deviceMinor } = event.file();
    const { attributes } = this.#log;
    attributes.clear();
    attributes.text(keys.path, path);
    attributes.text(keys.name, basename(path));
    attributes.text(keys.inode, String(inode));
    attributes.text(keys.device, `${deviceMajor}:${deviceMinor}`);
    attributes.text(keys.operation, event.direction === eventDirection.out ? 'write' : 'read');
    attributes.int(keys.offset, offset);
    attributes.int(keys.size, event.length);
    attributes.int(keys.duration, Math.max(0, event.timeNs - event.beginNs));
    attributes.int(keys.thread, event.tid);
    if (event.goroutine !== 0) attributes.int(keys.goroutine, event.goroutine);
    if (event.coroutine !== 0) attributes.int(keys.coroutine, event.coroutine);
    if (event.traceId !== 0) attributes.int(keys.traceId, event.traceId);
    const { timeOf, processOf, callOf } = this.#options;
    this.#log.add(fileEventName, timeOf(event.timeNs), processOf(event.pid, event.timeNs), callOf?.(event));
  }

  /** The records since the last time as one ExportLogsServiceRequest message; null when there were none. */
  drain(): Uint8Array | null {
    return this.#log.drain();
  }
}
