/**
 * Reads the head of a THeader frame (thrift doc/specs/HeaderFormat):
 *
 *    0  u32 length of what follows    4  u16 0fff   6  u16 flags   8  u32 sequence   12  u16 length of the header in units of 4 bytes
 *   14  header: varint protocol (0 binary, 2 compact), varint number of transforms, a varint each (1 zlib, 3 snappy, …), then
 *       varint info (1, or 2 for persistent ones): varint number of entries, key and value each of varint length; 0 is padding
 *       then the payload, transformed
 */
import { constants, inflateSync } from 'node:zlib';
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { utf8 } from '../text.ts';

export const fixedBytes = 14;
const maxTransforms = 8;
const maxEntries = 256;
const longestValue = 4096;
/** Of a compressed payload no more than this is unpacked: the method's name is at its beginning. */
const maxInflated = 16 * 1024;

export class HeaderFrame {
  headerEnd = 0;
  next = 0;
  /** Transforms in the order in which they were applied. */
  readonly transforms: number[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #infoAt = 0;

  /** False: too few bytes for the whole header. The first 14 bytes are there. */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.next = start + 4 + bytes.readUInt32BE(start);
    this.headerEnd = Math.min(this.next, start + fixedBytes + 4 * bytes.readUInt16BE(start + 12));
    if (this.headerEnd > end) return false;
    this.#bytes = bytes;
    this.#at = start + fixedBytes;
    this.transforms.length = 0;
    this.#varint();
    for (let count = Math.min(this.#varint(), maxTransforms); count > 0; count--) this.transforms.push(this.#varint());
    this.#infoAt = this.#at;
    return true;
  }

  /** The entries of the header, noted as far as they are a trace context. */
  readEntries(message: Message, options: ProtocolOptions): void {
    this.#at = this.#infoAt;
    for (let left = maxEntries; left > 0 && this.#at < this.headerEnd; ) {
      const info = this.#varint();
      if (info !== 1 && info !== 2) return;
      for (let count = this.#varint(); count > 0 && left > 0; count--, left--) {
        const key = this.#text();
        const value = this.#text();
        if (key === null || value === null) return;
        offerTraceHeader(message, key, value, options);
      }
    }
  }

  /** The beginning of the payload as the protocol wrote it; null when a transform is not known, or does not work. */
  payload(end: number): Buffer | null {
    const raw = this.#bytes.subarray(this.headerEnd, Math.min(end, this.next));
    if (this.transforms.length === 0) return raw;
    if (this.transforms.length > 1 || this.transforms[0] !== 1) return null;
    try {
      return inflateSync(raw, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxInflated });
    } catch {
      return null;
    }
  }

  #text(): string | null {
    const length = this.#varint();
    const start = this.#at;
    if (start + length > this.headerEnd) return null;
    this.#at += length;
    return utf8(this.#bytes, start, this.#at, longestValue);
  }

  /** An unsigned number; 0 at the end of the header. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35 && this.#at < this.headerEnd; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return value;
  }
}
