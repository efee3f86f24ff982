/**
 * Bodies in Kryo (as Kryo 2 to 5 write them):
 *
 *   text       ASCII characters, the last with bit 0x80; or, when the first byte has it: a number of characters + 1 (0: null), of six bits with
 *              0x40 for more, then seven bits a byte with 0x80 for more, then the characters in UTF-8
 *   value      varint class (0: null; 1: number of a name and, when new, the name; 3: String), then varint 1 and the value, or 2 and up: a reference
 *   int        four bytes
 *   map        a value: varint size, keys and values
 *
 * Arguments of other classes cannot be passed without their code, so the attachments are looked for from behind: the place from which
 * a map of texts is read that ends where the body ends.
 */
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { interned, utf8 } from '../text.ts';
import { type BodyReader, setCall, setException, settleEagleEye, takeAttachment } from './body.ts';
import { answerKinds } from './codes.ts';
import { findDetail } from './java-body.ts';

/** Bytes before the end of the body in which attachments may begin. */
const attachmentsBytes = 16 * 1024;
const maxAttachments = 256;
const longestText = 8192;
const stringClass = 3;
const present = 1;

export const kryoBody: BodyReader = {
  readRequest(message, bytes, start, end, options) {
    const reader = new KryoReader(bytes, start, end);
    const version = reader.text();
    const path = reader.text();
    const serviceVersion = reader.text();
    const method = reader.text();
    if (path === null || method === null) return;
    setCall(message, version ?? '', path, serviceVersion ?? '', method);
    const from = Math.max(reader.at, end - attachmentsBytes);
    for (let at = from; at < end; at++) {
      // Few places can be the beginning: a class, `present`, a size, then the class of the first key.
      if (bytes[at + 1] !== present || !mayBeginMap(bytes, at, end)) continue;
      if (new KryoReader(bytes, at, end).attachments(null, options)) {
        new KryoReader(bytes, at, end).attachments(message, options);
        settleEagleEye(message);
        return;
      }
    }
  },

  readAnswer(message, bytes, start, end) {
    const kind = start < end ? bytes[start] : answerKinds.none;
    if (kind !== answerKinds.exception && kind !== answerKinds.exceptionWithAttachments) return;
    const className = new KryoReader(bytes, start + 1, end).className();
    // Kryo leaves exceptions to Java's own serialization.
    setException(message, className === '' ? 'java.lang.Throwable' : className, findDetail(bytes, start, end));
  },

  readError(bytes, start, end) {
    return new KryoReader(bytes, start, end).text() ?? '';
  },
};

function mayBeginMap(bytes: Buffer, at: number, end: number): boolean {
  if (at + 4 >= end) return false;
  const sizeBytes = bytes[at + 2]! < 0x80 ? 1 : 2;
  return bytes[at + 2 + sizeBytes] === stringClass && bytes[at + 3 + sizeBytes] === present;
}

class KryoReader {
  at: number;
  readonly #bytes: Buffer;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  /** A text; null for a null, and for what is none. */
  text(): string | null {
    const bytes = this.#bytes;
    const start = this.at;
    if (start >= this.#end) return null;
    if (bytes[start]! < 0x80) return this.#ascii();
    const first = bytes[start]!;
    this.at++;
    let characters = first & 0x3f;
    if ((first & 0x40) !== 0) {
      const rest = this.varint();
      if (rest < 0 || rest > 0xffffff) return null;
      characters += rest * 64;
    }
    if (characters === 0) return null;
    const textAt = this.at;
    for (let left = characters - 1; left > 0; left--) {
      if (this.at >= this.#end) return null;
      const lead = bytes[this.at]!;
      this.at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : 3;
    }
    return this.at > this.#end ? null : utf8(bytes, textAt, this.at, longestText);
  }

  /** ASCII until a byte with the highest bit. */
  #ascii(): string | null {
    const bytes = this.#bytes;
    const start = this.at;
    const limit = Math.min(this.#end, start + longestText);
    let at = start;
    while (at < limit && bytes[at]! < 0x80) at++;
    if (at >= limit) return null;
    this.at = at + 1;
    return interned.get(bytes, start, at) + String.fromCharCode(bytes[at]! & 0x7f);
  }

  /** An unsigned number; -1 when there is none. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= this.#end) return -1;
      const byte = this.#bytes[this.at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** The class of the value that begins here, when it is written by its name. */
  className(): string {
    if (this.varint() !== 1 || this.varint() !== 0) return '';
    return this.text() ?? '';
  }

  /** A map of texts up to the very end, whose entries are noted if there is a message; false when there is none. */
  attachments(message: Message | null, options: ProtocolOptions): boolean {
    const mapClass = this.varint();
    if (mapClass <= stringClass || this.varint() !== present) return false;
    const size = this.varint();
    if (size <= 0 || size > maxAttachments) return false;
    for (let index = 0; index < size; index++) {
      const key = this.#value();
      const value = this.#value();
      if (key === undefined || value === undefined) return false;
      if (message !== null && key !== null && value !== null) takeAttachment(message, key, value, options);
    }
    return this.at === this.#end;
  }

  /** A text as a value; null for null and for one that was written before, undefined when it is something else. */
  #value(): string | null | undefined {
    const valueClass = this.varint();
    if (valueClass === 0) return null;
    if (valueClass !== stringClass) return undefined;
    const reference = this.varint();
    if (reference < 1) return undefined;
    return reference === present ? (this.text() ?? undefined) : null;
  }
}
