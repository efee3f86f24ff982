/**
 * Begin and end of processes as `deepflow.process` logs; their resource says who the process is: pid, parent, command, start, container.
 *
 * | attribute | |
 * |---|---|
 * | `deepflow.process.event` | `exec`: it runs another program from now on; `exit`: it is over |
 * | `process.executable.path` | of an exec: what was executed, as it was named |
 * | `process.exit.code` | of an exit by itself |
 * | `deepflow.process.exit.signal` | of an end by a signal: `SIGKILL` |
 */
import { constants } from 'node:os';
import type { ProcessResource } from '../../../flow/l7/evidence.ts';
import { attributeKey } from '../../../flow/otlp/attribute-writer.ts';
import { LogWriter, type LogWriterOptions } from '../log-writer.ts';
import type { SocketEvent } from '../socket-event.ts';

export const processEventName = 'deepflow.process';

const keys = {
  event: attributeKey('deepflow.process.event'),
  path: attributeKey('process.executable.path'),
  code: attributeKey('process.exit.code'),
  signal: attributeKey('deepflow.process.exit.signal'),
} as const;

const signalNames = new Map<number, string>(Object.entries(constants.signals).map(([name, number]) => [number, name]));
/** A wait status holds the signal in its low 7 bits, and whether memory was dumped above them. */
const signalBits = 0x7f;

export interface ProcessRecordsOptions extends LogWriterOptions {
  /** Monotonic nanoseconds to the capture's. */
  timeOf(monotonicNs: number): number;
}

export class ProcessRecords {
  readonly #options: ProcessRecordsOptions;
  readonly #log: LogWriter;

  constructor(options: ProcessRecordsOptions) {
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

  /** `owner` is the process as it is after its exec. */
  exec({ timeNs }: Pick<SocketEvent, 'timeNs'>, path: string, owner: ProcessResource): void {
    const { attributes } = this.#log;
    attributes.clear();
    attributes.text(keys.event, 'exec');
    attributes.text(keys.path, path);
    this.#log.add(processEventName, this.#options.timeOf(timeNs), owner);
  }

  /** The event's length is the wait status. */
  exit({ timeNs, length }: Pick<SocketEvent, 'timeNs' | 'length'>, owner: ProcessResource): void {
    const { attributes } = this.#log;
    const signal = length & signalBits;
    attributes.clear();
    attributes.text(keys.event, 'exit');
    if (signal === 0) attributes.int(keys.code, (length >> 8) & 0xff);
    else attributes.text(keys.signal, signalNames.get(signal) ?? String(signal));
    this.#log.add(processEventName, this.#options.timeOf(timeNs), owner);
  }

  /** The records since the last time as one ExportLogsServiceRequest message; null when there were none. */
  drain(): Uint8Array | null {
    return this.#log.drain();
  }
}
