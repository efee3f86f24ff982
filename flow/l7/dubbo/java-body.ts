/**
 * Bodies in Java's own serialization (Java Object Serialization Specification §6.4): magic aced 0005, then blocks of primitive data (77 u8 length,
 * 7a u32 length) with objects between them. Texts of the call are in the first block, u16 length and UTF-8; the serialization `java`, unlike
 * `nativejava`, writes an int length before each, -1 for null. Objects cannot be passed without following every class, so attachments
 * are found as what they are: a text object (74, u16 length) that is a known name, followed by another.
 */
import { findTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { utf8 } from '../text.ts';
import { type BodyReader, setCall, setException, settleEagleEye, takeAttachment } from './body.ts';
import { answerKinds } from './codes.ts';

/** Bytes before the end of the body in which attachments are looked for. */
const attachmentsBytes = 16 * 1024;
/** Bytes of an exception in which its text is looked for. */
const detailBytes = 4096;
const longestText = 8192;
const longestName = 128;

const textObject = 0x74;
const objectMark = 0x73;
const classMark = 0x72;

/** `wrapped`: texts have an int length before them. `compacted`: a byte between the mark of a class and its name. */
export function javaBody({ wrapped = false, compacted = false }): BodyReader {
  return {
    readRequest(message, bytes, start, end, options) {
      const texts = new BlockTexts(bytes, start, end, wrapped);
      const version = texts.next();
      const path = texts.next();
      const serviceVersion = texts.next();
      const method = texts.next();
      if (path === null || method === null) return;
      setCall(message, version ?? '', path, serviceVersion ?? '', method);
      readAttachments(message, bytes, Math.max(start, end - attachmentsBytes), end, options);
    },

    readAnswer(message, bytes, start, end) {
      const data = new BlockTexts(bytes, start, end, wrapped);
      const kind = data.byte();
      if (kind !== answerKinds.exception && kind !== answerKinds.exceptionWithAttachments) return;
      const className = data.className(compacted) || 'java.lang.Throwable';
      setException(message, className, findDetail(bytes, start, end));
    },

    readError(bytes, start, end) {
      return new BlockTexts(bytes, start, end, wrapped).next() ?? '';
    },
  };
}

function readAttachments(message: Message, bytes: Buffer, start: number, end: number, options: ProtocolOptions): void {
  for (let at = start; at + 3 < end; at++) {
    if (bytes[at] !== textObject) continue;
    const length = bytes.readUInt16BE(at + 1);
    const valueAt = at + 3 + length;
    if (length === 0 || length > longestName || valueAt + 3 > end || bytes[valueAt] !== textObject) continue;
    const valueLength = bytes.readUInt16BE(valueAt + 1);
    if (valueAt + 3 + valueLength > end) continue;
    if (findTraceHeader(bytes, at + 3, valueAt, options) === '' && bytes[at + 3] !== 0x65 && bytes[at + 3] !== 0x45)
      continue;
    const value = utf8(bytes, valueAt + 3, valueAt + 3 + valueLength, longestText);
    takeAttachment(message, utf8(bytes, at + 3, valueAt), value, options);
    at = valueAt + 2 + valueLength;
  }
  settleEagleEye(message);
}

/**
 * The text of an exception without a cause: behind the classes (78 end, 70 no further class) its first fields are the cause, which is itself
 * (71 reference), and the text.
 */
export function findDetail(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at + 10 < Math.min(end, start + detailBytes); at++) {
    if (bytes.readUInt32BE(at) !== 0x78707100 || bytes[at + 4] !== 0x7e || bytes[at + 7] !== textObject) continue;
    return utf8(bytes, at + 10, Math.min(end, at + 10 + bytes.readUInt16BE(at + 8)), longestText);
  }
  return '';
}

/** The primitive data of a stream's first blocks. */
class BlockTexts {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #wrapped: boolean;
  #at: number;
  #blockEnd: number;

  constructor(bytes: Buffer, start: number, end: number, wrapped: boolean) {
    this.#bytes = bytes;
    this.#end = end;
    this.#wrapped = wrapped;
    const hasMagic = end - start >= 4 && bytes.readUInt32BE(start) === 0xaced0005;
    this.#at = hasMagic ? start + 4 : start;
    this.#blockEnd = this.#at;
  }

  /** The next text; null for a null, and at the end. */
  next(): string | null {
    if (this.#wrapped) {
      const length = this.#number(4);
      // The length is -1 for null, which as an unsigned number is the largest.
      if (length < 0 || length === 0xffffffff) return null;
    }
    const length = this.#number(2);
    if (length < 0 || !this.#inBlock(length)) return null;
    const start = this.#at;
    this.#at += length;
    return utf8(this.#bytes, start, this.#at, longestText);
  }

  byte(): number {
    return this.#number(1);
  }

  /** The class of the first object behind the primitive data. */
  className(compacted: boolean): string {
    const bytes = this.#bytes;
    let at = this.#blockEnd;
    if (at + 2 <= this.#end && bytes[at] === 0x77) at += 2 + bytes[at + 1]!;
    if (at + 5 > this.#end || bytes[at] !== objectMark || bytes[at + 1] !== classMark) return '';
    at += compacted ? 3 : 2;
    const length = bytes.readUInt16BE(at);
    return at + 2 + length > this.#end ? '' : utf8(bytes, at + 2, at + 2 + length, longestName * 2);
  }

  /** An unsigned number of that many bytes; -1 at the end. */
  #number(size: number): number {
    if (!this.#inBlock(size)) return -1;
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  /** Whether so many bytes follow in this block, or in the next one when this one is used up. */
  #inBlock(size: number): boolean {
    if (this.#at === this.#blockEnd && this.#at + 2 <= this.#end) {
      const mark = this.#bytes[this.#at];
      if (mark === 0x77) {
        this.#blockEnd = Math.min(this.#end, this.#at + 2 + this.#bytes[this.#at + 1]!);
        this.#at += 2;
      } else if (mark === 0x7a && this.#at + 5 <= this.#end) {
        this.#blockEnd = Math.min(this.#end, this.#at + 5 + this.#bytes.readUInt32BE(this.#at + 1));
        this.#at += 5;
      }
    }
    return this.#at + size <= this.#blockEnd;
  }
}
