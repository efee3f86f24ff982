/** Collects spans or log records by resource into one `Export*ServiceRequest` message. */
import { takeBody } from '../../wire/body-pool.ts';
import { varintSize, WireBytes } from './wire-bytes.ts';

const maxSpare = 64;
const maxSpareBytes = 4 << 20;

interface Group {
  /** The Resource message. */
  resource: Uint8Array;
  records: WireBytes;
}

/**
 * ResourceSpans and ResourceLogs, and what they hold, have the same field numbers: resource 1, scope spans (logs) 2; in those scope
 * 1, spans (log records) 2. So one builder serves both signals.
 */
export class RequestBuilder {
  /** The InstrumentationScope message. */
  readonly #scope: Uint8Array;
  readonly #groups = new Map<string, Group>();
  /** Buffers of groups that were taken: grown ones are used again. */
  readonly #spare: WireBytes[] = [];
  /** Records and bytes so far. */
  count = 0;
  sizeBytes = 0;

  constructor(scopeName: string, scopeVersion: string) {
    const scope = new WireBytes(64);
    scope.byte(0x0a);
    scope.text(scopeName);
    scope.byte(0x12);
    scope.text(scopeVersion);
    this.#scope = scope.take();
  }

  /** Adds a record made of `parts` to the group of `resourceKey`; `resource` makes its Resource message when the group is new. */
  add(resourceKey: string, resource: () => Uint8Array, first: WireBytes, second: WireBytes): void {
    let group = this.#groups.get(resourceKey);
    if (group === undefined) {
      group = { resource: resource(), records: this.#spare.pop() ?? new WireBytes(4096) };
      this.#groups.set(resourceKey, group);
      this.sizeBytes += group.resource.length + this.#scope.length + 20;
    }
    const { records } = group;
    const size = first.length + second.length;
    records.byte(0x12);
    records.varint(size);
    records.written(first);
    records.written(second);
    this.count++;
    this.sizeBytes += size + 4;
  }

  /** The finished message, or null when nothing was added; begins anew. */
  take(): Uint8Array | null {
    if (this.count === 0) return null;
    // Who has read the message gives its memory back.
    const out = new WireBytes(takeBody(this.sizeBytes + 64));
    for (const { resource, records } of this.#groups.values()) {
      const scopeSize = 1 + varintSize(this.#scope.length) + this.#scope.length + records.length;
      const groupSize = 1 + varintSize(resource.length) + resource.length + 1 + varintSize(scopeSize) + scopeSize;
      out.byte(0x0a);
      out.varint(groupSize);
      out.byte(0x0a);
      out.varint(resource.length);
      out.raw(resource);
      out.byte(0x12);
      out.varint(scopeSize);
      out.byte(0x0a);
      out.varint(this.#scope.length);
      out.raw(this.#scope);
      out.written(records);
      records.clear();
      if (this.#spare.length < maxSpare && records.bytes.length <= maxSpareBytes) this.#spare.push(records);
    }
    this.#groups.clear();
    this.count = 0;
    this.sizeBytes = 0;
    return out.release();
  }
}
