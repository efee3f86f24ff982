/** Field tables of AMQP: headers of messages, properties of clients (§4.2.5.5, with the types that RabbitMQ and its clients really write). */
import { utf8 } from '../text.ts';

const maxFields = 128;

/** Bytes of a value of fixed size by its letter; S x A F have a length of 4 bytes. */
const sizes: Readonly<Record<string, number>> = {
  t: 1,
  b: 1,
  B: 1,
  U: 2,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  L: 8,
  l: 8,
  f: 4,
  d: 8,
  D: 5,
  T: 8,
  V: 0,
};
const sizeByLetter: readonly number[] = Array.from(
  { length: 256 },
  (_, code) => sizes[String.fromCharCode(code)] ?? -1,
);

/** Walks the fields of one table; tables and arrays inside it are stepped over. */
export class TableCursor {
  nameStart = 0;
  nameEnd = 0;
  /** The value, when it is a text or bytes; else `valueEnd` is -1. */
  valueStart = 0;
  valueEnd = -1;
  /** Position behind the table; -1 when its length is not there. */
  tableEnd = -1;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #limit = 0;
  #count = 0;

  begin(bytes: Buffer, at: number, end: number): void {
    this.#bytes = bytes;
    this.#at = at + 4;
    this.#count = 0;
    this.tableEnd = end - at < 4 ? -1 : at + 4 + bytes.readUInt32BE(at);
    this.#limit = Math.min(this.tableEnd, end);
  }

  next(): boolean {
    const bytes = this.#bytes;
    const limit = this.#limit;
    if (this.#at >= limit || this.#count++ >= maxFields) return false;
    this.nameStart = this.#at + 1;
    this.nameEnd = this.nameStart + bytes[this.#at]!;
    if (this.nameEnd >= limit) return false;
    const type = bytes[this.nameEnd]!;
    this.#at = this.nameEnd + 1;
    this.valueEnd = -1;
    const size = sizeByLetter[type]!;
    if (size >= 0) {
      this.#at += size;
      return this.#at <= limit;
    }
    // S, x: text, bytes. A, F: array, table.
    if (type !== 0x53 && type !== 0x78 && type !== 0x41 && type !== 0x46) return false;
    if (limit - this.#at < 4) return false;
    this.valueStart = this.#at + 4;
    this.#at = this.valueStart + bytes.readUInt32BE(this.#at);
    if (this.#at > limit) return false;
    if (type === 0x53 || type === 0x78) this.valueEnd = this.#at;
    return true;
  }

  get text(): string {
    return this.valueEnd < 0 ? '' : utf8(this.#bytes, this.valueStart, this.valueEnd, 2048);
  }
}
