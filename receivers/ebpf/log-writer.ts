/** Collects log records of what processes did, by process, into one ExportLogsServiceRequest; bounded. */

import { UnixTime } from '../../flow/calls/unix-time.ts';
import type { ProcessResource } from '../../flow/l7/evidence.ts';
import { AttributeWriter } from '../../flow/otlp/attribute-writer.ts';
import { RequestBuilder } from '../../flow/otlp/request-builder.ts';
import { WireBytes } from '../../flow/otlp/wire-bytes.ts';
import type { CaptureClock } from '../../flow/packet/clock.ts';
import { flowScopeName } from '../../pdata/schema/flow-log.ts';

/** A span, by its ids in hexadecimal. */
export interface SpanIds {
  traceId: string;
  spanId: string;
}

export interface LogWriterOptions {
  clock: CaptureClock;
  version: string;
  /** Bytes of records that may wait for {@link LogWriter.drain}; beyond it new ones are dropped. */
  maxPendingBytes: number;
}

/** Set the {@link attributes} of a record, then {@link add} it. */
export class LogWriter {
  records = 0;
  dropped = 0;
  readonly attributes = new AttributeWriter(6);
  readonly #head = new WireBytes(96);
  readonly #time: UnixTime;
  readonly #request: RequestBuilder;
  readonly #maxPendingBytes: number;

  constructor({ clock, version, maxPendingBytes }: LogWriterOptions) {
    this.#time = new UnixTime(clock);
    this.#request = new RequestBuilder(flowScopeName, version);
    this.#maxPendingBytes = maxPendingBytes;
  }

  get pendingBytes(): number {
    return this.#request.sizeBytes;
  }

  /** LogRecord: time 1, trace id 9, span id 10, observed time 11, event name 12. `timeNs` is the capture's. */
  add(eventName: string, timeNs: number, owner: ProcessResource, span?: SpanIds): void {
    if (this.#request.sizeBytes > this.#maxPendingBytes) {
      this.dropped++;
      return;
    }
    const head = this.#head;
    head.clear();
    this.#time.set(timeNs);
    head.byte(0x09);
    head.fixed64(this.#time.lo, this.#time.hi);
    if (span !== undefined) {
      writeId(head, 0x4a, span.traceId);
      writeId(head, 0x52, span.spanId);
    }
    head.byte(0x59);
    head.fixed64(this.#time.lo, this.#time.hi);
    head.byte(0x62);
    head.text(eventName);
    this.#request.add(owner.key, () => owner.resource(), head, this.attributes.out);
    this.records++;
  }

  /** The records since the last time; null when there were none. */
  drain(): Uint8Array | null {
    return this.#request.take();
  }
}

function writeId(head: WireBytes, tag: number, id: string): void {
  const bytes = Buffer.from(id, 'hex');
  head.byte(tag);
  head.byte(bytes.length);
  head.raw(bytes);
}
