/** Reads what a reply says of its outcome: the field that is set, or the exception of the framework. */
import type { Message } from '../message.ts';
import { utf8 } from '../text.ts';

/** TApplicationException's types, by number. */
const exceptionTypes: readonly string[] = [
  'UNKNOWN',
  'UNKNOWN_METHOD',
  'INVALID_MESSAGE_TYPE',
  'WRONG_METHOD_NAME',
  'BAD_SEQUENCE_ID',
  'MISSING_RESULT',
  'INTERNAL_ERROR',
  'PROTOCOL_ERROR',
  'INVALID_TRANSFORM',
  'INVALID_PROTOCOL',
  'UNSUPPORTED_CLIENT_TYPE',
];
/** Those that say the request was wrong. */
const clientFaults: ReadonlySet<number> = new Set([1, 2, 3, 7, 8, 9, 10]);
const longestText = 4096;

export function exceptionName(type: number): string {
  return exceptionTypes[type] ?? String(type);
}

/**
 * A reply's struct has one field: 0 is the method's value, any other an exception that the method declares; none at all is the end of a
 * method without a value. Bytes that are missing say nothing.
 */
export function readReply(message: Message, bytes: Buffer, at: number, end: number, compact: boolean): void {
  message.statusCode = 0;
  message.status = 'ok';
  const field = compact
    ? compactField(bytes, at, end)
    : at + 3 <= end && bytes[at] !== 0
      ? bytes.readInt16BE(at + 1)
      : 0;
  if (field === 0) return;
  message.status = 'server_error';
  message.fact('exceptionField', field);
}

/** Whether enough of a reply is there for {@link readReply}. */
export function isReplyReady(bytes: Buffer, at: number, end: number, compact: boolean): boolean {
  if (at >= end) return false;
  const first = bytes[at]!;
  return first === 0 || (compact && first >= 0x10) || end >= at + (compact ? 2 : 3);
}

/** The id of the first field: a step from 0, or, when that is not in 1 to 15, a zigzag number of its own. */
function compactField(bytes: Buffer, at: number, end: number): number {
  const head = at < end ? bytes[at]! : 0;
  if (head >= 0x10 || head === 0 || at + 1 >= end) return head >>> 4;
  const zigzag = bytes[at + 1]! & 0x7f;
  return (zigzag >>> 1) ^ -(zigzag & 1);
}

/** TApplicationException: field 1 a text, field 2 an int. */
export function readException(message: Message, bytes: Buffer, start: number, end: number, compact: boolean): void {
  const reader = new ExceptionReader(bytes, start, end);
  if (compact) reader.readCompact();
  else reader.readBinary();
  message.statusCode = reader.type;
  message.status = clientFaults.has(reader.type) ? 'client_error' : 'server_error';
  message.error = reader.text;
  message.fact('exception', exceptionName(reader.type));
}

class ExceptionReader {
  text = '';
  type = 0;
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  readBinary(): void {
    const bytes = this.#bytes;
    while (this.#at + 7 <= this.#end) {
      const fieldType = bytes[this.#at]!;
      const field = bytes.readInt16BE(this.#at + 1);
      this.#at += 3;
      if (fieldType === 11 && field === 1) {
        const length = bytes.readUInt32BE(this.#at);
        this.#at += 4;
        this.#take(length);
      } else if (fieldType === 8 && field === 2) {
        this.type = bytes.readInt32BE(this.#at);
        this.#at += 4;
      } else return;
    }
  }

  readCompact(): void {
    let field = 0;
    while (this.#at < this.#end) {
      const head = this.#bytes[this.#at++]!;
      field += head >>> 4;
      if (head >>> 4 === 0) return;
      const value = this.#varint();
      if ((head & 0xf) === 8 && field === 1) this.#take(value);
      else if ((head & 0xf) === 5 && field === 2) this.type = (value >>> 1) ^ -(value & 1);
      else return;
    }
  }

  #take(length: number): void {
    const stop = Math.min(this.#end, this.#at + length);
    this.text = utf8(this.#bytes, this.#at, stop, longestText);
    this.#at = stop;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35 && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }
}
