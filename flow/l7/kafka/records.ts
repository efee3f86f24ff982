/** The record batch of Kafka (magic 2): how many records it has, and the trace context in the headers of the first that has one. */
import { findTraceHeader, offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { utf8 } from '../text.ts';

/** Records whose headers are looked at, and headers of each. */
const maxRecords = 32;
const maxHeaders = 64;

/*
 * Record batch:                         Record (lengths are zigzag varints):
 *    0  8  base offset                    length, attributes (1), timestamp delta, offset delta
 *    8  4  length of what follows         key length (-1 null), key
 *   12  4  partition leader epoch         value length, value
 *   16  1  magic: 2                       header count, of each: key length, key, value length, value
 *   17  4  CRC
 *   21  2  attributes; bits 0-2 compression
 *   23  4  last offset delta
 *   27 16  base and max timestamp
 *   43 14  producer id, epoch, base sequence
 *   57  4  number of records
 *   61     records
 */
const headBytes = 61;

const compressionNames = ['', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Notes count, compression and trace context of the batch at `start`; looks no further than `end`. */
export function readRecords(
  message: Message,
  bytes: Buffer,
  start: number,
  end: number,
  options: ProtocolOptions,
): void {
  if (end - start < headBytes || bytes[start + 16] !== 2) return;
  const count = bytes.readInt32BE(start + 57);
  if (count <= 0) return;
  message.fact('recordCount', count);
  const compression = bytes.readUInt16BE(start + 21) & 7;
  if (compression !== 0) {
    message.fact('compression', compressionNames[compression] ?? String(compression));
    return;
  }
  const records = new RecordCursor(bytes, start + headBytes, end);
  for (let index = 0; index < Math.min(count, maxRecords) && message.trace === null; index++) {
    if (!records.record(message, options)) return;
  }
}

class RecordCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Offers the headers of one record and goes on to the next; false when there is none. */
  record(message: Message, options: ProtocolOptions): boolean {
    const length = this.#varint();
    const next = this.#at + length;
    if (length < 6 || this.#at >= this.#end) return false;
    this.#at++;
    this.#varint();
    this.#varint();
    this.#skip();
    this.#skip();
    const headers = this.#varint();
    for (let index = 0; index < Math.min(headers, maxHeaders); index++) {
      const keyLength = this.#varint();
      const key = this.#at;
      const valueLength = this.#move(keyLength) ? this.#varint() : -1;
      const value = this.#at;
      if (!this.#move(valueLength)) break;
      const name = findTraceHeader(this.#bytes, key, key + keyLength, options);
      if (name !== '') offerTraceHeader(message, name, utf8(this.#bytes, value, value + valueLength, 1024), options);
    }
    this.#at = next;
    return next < this.#end;
  }

  /** A key or value with its length. */
  #skip(): void {
    this.#move(Math.max(0, this.#varint()));
  }

  /** False, and at the end, when there are not that many bytes. */
  #move(length: number): boolean {
    if (length < 0 || length > this.#end - this.#at) {
      this.#at = this.#end;
      return false;
    }
    this.#at += length;
    return true;
  }

  /** A zigzag varint of at most 64 bits; exact up to 2^53. -1 at the end. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 10 && this.#at < this.#end; index++) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    this.#at = this.#end;
    return -1;
  }
}
