/** Walks a Kafka request or response by its schema and keeps the first of each fact that is wanted. */
import { utf8, word } from '../text.ts';
import type { Field } from './schemas.ts';
import { topicNames } from './topic-names.ts';

/** Elements looked at in one message, over all its arrays. */
const maxElements = 4096;
/** Tagged fields stepped over after one structure. */
const maxTags = 64;

/** One per process, filled anew by {@link read}. -1 and '' mean that the message has no such field, or it was not reached. */
export class SchemaReader {
  topic = '';
  /** Topics seen, an unknown id counts. */
  topics = 0;
  partition = -1;
  offset = -1;
  groupId = '';
  transactionalId = '';
  memberId = '';
  mechanism = '';
  key = '';
  keyType = 0;
  acks = 1;
  throttleMs = 0;
  /** The first code that is not 0, else 0; null when no code was reached. */
  error: number | null = null;
  errorMessage = '';
  /** Where the first record batch is and how long it says it is; 0 and -1 when there is none. */
  recordsAt = 0;
  recordsLength = -1;
  /** The bytes are not what the schema says. */
  bad = false;

  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #version = 0;
  #flexible = false;
  #ended = false;
  #elements = 0;
  #topicName = '';
  #topicId = -1;
  /** The next `errorMessage` belongs to the code that was kept. */
  #wantsText = false;

  /** Reads as far as `end`; a message that is cut there gives what came before. */
  read(schema: readonly Field[], bytes: Buffer, start: number, end: number, version: number, flexible: boolean): void {
    this.topic = '';
    this.topics = 0;
    this.partition = -1;
    this.offset = -1;
    this.groupId = '';
    this.transactionalId = '';
    this.memberId = '';
    this.mechanism = '';
    this.key = '';
    this.keyType = 0;
    this.acks = 1;
    this.throttleMs = 0;
    this.error = null;
    this.errorMessage = '';
    this.recordsAt = 0;
    this.recordsLength = -1;
    this.bad = false;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#version = version;
    this.#flexible = flexible;
    this.#ended = false;
    this.#elements = 0;
    this.#topicName = '';
    this.#topicId = -1;
    this.#wantsText = false;
    this.#structure(schema);
  }

  #structure(schema: readonly Field[]): void {
    for (let index = 0; index < schema.length; index++) {
      const field = schema[index]!;
      if (this.#version < field.since || this.#version > field.until) continue;
      this.#field(field);
      if (this.#ended) return;
    }
    if (this.#flexible) this.#tags();
  }

  #field(field: Field): void {
    switch (field.type) {
      case 'i8':
        this.#number(field.name, 1);
        break;
      case 'i16':
        this.#number(field.name, 2);
        break;
      case 'i32':
        this.#number(field.name, 4);
        break;
      case 'i64':
        this.#number(field.name, 8);
        break;
      case 'uuid':
        if (!this.#has(16)) return;
        if (field.name === 'topicId') this.#id();
        this.#at += 16;
        break;
      case 'str':
        this.#text(field.name);
        break;
      case 'strs': {
        const count = this.#count();
        for (let index = 0; index < count && !this.#ended; index++) if (this.#element()) this.#text(field.name);
        break;
      }
      case 'i32s':
        this.#numbers(field.name, 4);
        break;
      case 'i64s':
        this.#numbers(field.name, 8);
        break;
      case 'bytes':
        this.#skip(this.#length(4));
        break;
      case 'records': {
        const length = this.#length(4);
        if (this.#ended) return;
        if (this.recordsLength < 0 && length > 0) {
          this.recordsAt = this.#at;
          this.recordsLength = length;
        }
        this.#skip(length);
        break;
      }
      case 'array': {
        const count = this.#count();
        for (let index = 0; index < count && !this.#ended; index++) if (this.#element()) this.#structure(field.fields!);
        break;
      }
      default:
        this.#ended = true;
    }
  }

  #number(name: string, size: number): void {
    if (!this.#has(size)) return;
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at += size;
    switch (name) {
      case 'error':
        this.#error(bytes.readInt16BE(at));
        break;
      case 'partition':
        if (this.partition < 0) this.partition = bytes.readInt32BE(at);
        break;
      case 'offset':
        if (this.offset < 0) this.offset = readInt64(bytes, at);
        break;
      case 'throttle':
        this.throttleMs = bytes.readInt32BE(at);
        break;
      case 'acks':
        this.acks = bytes.readInt16BE(at);
        break;
      case 'keyType':
        this.keyType = bytes.readInt8(at);
        break;
      default:
    }
  }

  #error(code: number): void {
    this.#wantsText = code !== 0 && (this.error === null || this.error === 0);
    if (this.error === null || this.#wantsText) this.error = code;
  }

  #numbers(name: string, size: number): void {
    const count = this.#count();
    if (this.#ended) return;
    if (name === 'partition' && count > 0 && this.partition < 0 && this.#end - this.#at >= 4)
      this.partition = this.#bytes.readInt32BE(this.#at);
    this.#skip(count * size);
  }

  #text(name: string): void {
    const length = this.#length(2);
    if (this.#ended) return;
    if (length > this.#end - this.#at) {
      this.#ended = true;
      return;
    }
    const start = this.#at;
    this.#at += Math.max(0, length);
    const end = this.#at;
    switch (name) {
      case 'topic':
        if (length < 0) break;
        this.#name(word(this.#bytes, start, end));
        break;
      case 'groupId':
        if (this.groupId === '') this.groupId = word(this.#bytes, start, end);
        break;
      case 'transactionalId':
        if (this.transactionalId === '') this.transactionalId = word(this.#bytes, start, end);
        break;
      case 'memberId':
        if (this.memberId === '') this.memberId = word(this.#bytes, start, end);
        break;
      case 'mechanism':
        this.mechanism = word(this.#bytes, start, end);
        break;
      case 'key':
        if (this.key === '') this.key = word(this.#bytes, start, end);
        break;
      case 'errorMessage':
        if (this.#wantsText && length > 0) this.errorMessage = utf8(this.#bytes, start, end, 1024);
        this.#wantsText = false;
        break;
      default:
    }
  }

  #name(name: string): void {
    this.topics++;
    if (this.topic === '') this.topic = name;
    this.#topicName = name;
    this.#learn();
  }

  #id(): void {
    this.#topicId = this.#at;
    if (this.#topicName !== '') this.#learn();
    else {
      this.topics++;
      if (this.topic === '') this.topic = topicNames.name(this.#bytes, this.#at);
    }
  }

  #learn(): void {
    if (this.#topicId < 0 || this.#topicName === '') return;
    topicNames.learn(this.#bytes, this.#topicId, this.#topicName);
    this.#topicId = -1;
    this.#topicName = '';
  }

  /** Room for one more element of an array; what is kept of the element before is forgotten where it must be. */
  #element(): boolean {
    if (++this.#elements > maxElements || this.#at >= this.#end) this.#ended = true;
    return !this.#ended;
  }

  /** Length of an array; 0 for null. */
  #count(): number {
    if (this.#flexible) return Math.max(0, this.#varint() - 1);
    if (!this.#has(4)) return 0;
    const count = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    if (count < -1) this.#fail();
    return Math.max(0, count);
  }

  /** Length of a text (2 bytes) or of bytes (4), or compact; -1 for null. */
  #length(size: 2 | 4): number {
    if (this.#flexible) return this.#varint() - 1;
    if (!this.#has(size)) return -1;
    const length = size === 2 ? this.#bytes.readInt16BE(this.#at) : this.#bytes.readInt32BE(this.#at);
    this.#at += size;
    if (length < -1) this.#fail();
    return length;
  }

  #tags(): void {
    const count = this.#varint();
    if (count > maxTags) this.#fail();
    for (let index = 0; index < count && !this.#ended; index++) {
      this.#varint();
      this.#skip(this.#varint());
    }
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (!this.#has(1)) return 0;
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.#fail();
    return 0;
  }

  #skip(length: number): void {
    if (length <= 0) return;
    if (length > this.#end - this.#at) this.#ended = true;
    else this.#at += length;
  }

  #has(size: number): boolean {
    if (this.#ended || this.#end - this.#at >= size) return !this.#ended;
    this.#ended = true;
    return false;
  }

  #fail(): void {
    this.bad = true;
    this.#ended = true;
  }
}

/** A signed 64-bit number; exact up to 2^53, which no offset reaches. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
