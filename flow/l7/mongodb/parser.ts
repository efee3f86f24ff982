/**
 * Reads one MongoDB connection. Of a message its head says all: which command, on what, how it went.
 *
 *   OP_MSG         flags:4  sections: kind 0 and a document, or kind 1, length:4, name 0, documents  [checksum:4]
 *   OP_QUERY       flags:4  collection 0  skip:4  number:4  document
 *   OP_REPLY       flags:4  cursor:8  from:4  number:4  documents
 *   OP_COMPRESSED  opcode:4  length:4  compressor:1  data
 */

import { offerComment } from '../../sql/comments.ts';
import { offerTraceHeader } from '../../trace-context/headers.ts';
import { inflate } from '../inflate.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { utf8, zeroEnd } from '../text.ts';
import { BsonWalker, bsonTypes } from './bson.ts';
import { decodeSnappyHead } from './snappy.ts';
import { headerBytes, longestMessage, messageFlags, opcodeName, opcodes, queryFailure } from './wire.ts';

/** Bytes of a message that are looked at. */
const longestHead = 16 * 1024;
const compressors: readonly string[] = ['noop', 'snappy', 'zlib', 'zstd'];
const maxSections = 64;
const maxStreams = 256;

export class MongodbParser implements Parser {
  readonly #session: Session;
  readonly #walker = new BsonWalker();
  readonly #inner = new BsonWalker();
  /** Answers that follow another: they name the one before, not the request. */
  readonly #streams = new Map<number, number>();

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    if (end - start < headerBytes) return input.full ? lost : start;
    const length = bytes.readUInt32LE(start);
    const opcode = bytes.readInt32LE(start + 12);
    const name = opcodeName(opcode);
    if (length < headerBytes || length > longestMessage || name === '') return lost;
    const next = start + length;
    if (end < Math.min(next, start + longestHead) && !input.full) return start;
    const isRequest = input.side === 0;
    const message = this.#session.begin(isRequest ? 'request' : 'response', input);
    const requestId = bytes.readInt32LE(start + 4);
    const responseTo = bytes.readInt32LE(start + 8);
    message.id = isRequest ? requestId : this.#origin(responseTo);
    message.method = name;
    message.frameLength = length;
    if (!isRequest) {
      message.status = 'ok';
      message.statusCode = 0;
    }
    this.#body(message, opcode, bytes, start + headerBytes, Math.min(next, end));
    if (message.more) this.#continue(requestId, message.id as number);
    this.#session.emit(message);
    return next;
  }

  #origin(responseTo: number): number {
    const origin = this.#streams.get(responseTo);
    if (origin === undefined) return responseTo;
    this.#streams.delete(responseTo);
    return origin;
  }

  #continue(reply: number, origin: number): void {
    if (this.#streams.size >= maxStreams) this.#streams.delete(this.#streams.keys().next().value!);
    this.#streams.set(reply, origin);
  }

  #body(message: Message, opcode: number, bytes: Buffer, at: number, end: number): void {
    switch (opcode) {
      case opcodes.message:
        this.#sections(message, bytes, at, end);
        return;
      case opcodes.query:
        this.#query(message, bytes, at, end);
        return;
      case opcodes.reply:
        this.#answer(message, bytes, at + 20, end, end - at >= 4 && (bytes[at]! & queryFailure) !== 0);
        return;
      case opcodes.compressed:
        this.#compressed(message, bytes, at, end);
        return;
      case opcodes.insert:
      case opcodes.update:
      case opcodes.delete:
        message.kind = 'session';
        this.#named(message, message.method.slice(3).toLowerCase(), bytes, at + 4, end);
        return;
      case opcodes.getMore:
        this.#named(message, 'getMore', bytes, at + 4, end);
        return;
      case opcodes.killCursors:
        message.kind = 'session';
        message.fact('command', 'killCursors');
        return;
      case opcodes.command: {
        const name = zeroEnd(bytes, at, end) + 1;
        message.fact('db', utf8(bytes, at, Math.max(at, name - 1), 128));
        message.fact('command', utf8(bytes, name, zeroEnd(bytes, name, end), 128));
        return;
      }
      default:
        this.#answer(message, bytes, at, end, false);
    }
  }

  /** The command, or the answer, is in the section of kind 0. */
  #sections(message: Message, bytes: Buffer, at: number, end: number): void {
    if (end - at < 5) return;
    const flags = bytes.readUInt32LE(at);
    at += 4;
    const goesOn = (flags & messageFlags.moreToCome) !== 0;
    for (let section = 0; section < maxSections && at + 5 < end; section++) {
      const kind = bytes[at]!;
      if (kind === 0) {
        if (message.side === 0) this.#command(message, bytes, at + 1, end);
        else this.#answer(message, bytes, at + 1, end, false);
        break;
      }
      if (kind !== 1) break;
      at += 1 + Math.max(4, bytes.readUInt32LE(at + 1));
    }
    if (!goesOn) return;
    if (message.side === 1) message.more = true;
    else message.kind = 'session';
  }

  /** First element: name of the command, and mostly its collection. */
  #command(message: Message, bytes: Buffer, at: number, end: number): void {
    const walker = this.#walker;
    if (!walker.open(bytes, at, end)) return;
    let command = '';
    let target = '';
    let namespace = '';
    for (let first = true; walker.next(); first = false) {
      if (first) {
        command = walker.name;
        target = walker.text();
        continue;
      }
      switch (walker.name) {
        case '$db':
          namespace = walker.text();
          break;
        case 'collection':
          if (command === 'getMore') target = walker.text();
          break;
        case 'comment':
        case '$comment':
          this.#comment(message, bytes, Math.min(end, walker.end));
          break;
        default:
      }
    }
    note(message, command, target, namespace);
  }

  /** A comment may be a text or a document; drivers put trace contexts into it. */
  #comment(message: Message, bytes: Buffer, end: number): void {
    const walker = this.#walker;
    const { options } = this.#session;
    if (walker.type === bsonTypes.text) {
      offerComment(message, walker.text(), options);
      return;
    }
    if (walker.type !== bsonTypes.document || !this.#inner.open(bytes, walker.start, end)) return;
    while (this.#inner.next()) {
      const text = this.#inner.text();
      if (text !== '') offerTraceHeader(message, this.#inner.name, text, options);
    }
  }

  /** Of `db.$cmd` the document is a command. */
  #query(message: Message, bytes: Buffer, at: number, end: number): void {
    const name = at + 4;
    const nameEnd = zeroEnd(bytes, name, end);
    const full = nameEnd > name ? utf8(bytes, name, nameEnd, 256) : '';
    const document = nameEnd + 9;
    const dot = full.indexOf('.');
    if (full.endsWith('.$cmd')) {
      this.#command(message, bytes, document, end);
      if (!message.facts?.has('db')) message.fact('db', full.slice(0, dot));
    } else note(message, 'find', full.slice(dot + 1), full.slice(0, Math.max(0, dot)));
  }

  /** `db.collection` of an operation without a document that matters. */
  #named(message: Message, command: string, bytes: Buffer, at: number, end: number): void {
    const nameEnd = zeroEnd(bytes, at, end);
    const full = nameEnd > at ? utf8(bytes, at, nameEnd, 256) : '';
    const dot = full.indexOf('.');
    note(message, command, full.slice(dot + 1), full.slice(0, Math.max(0, dot)));
  }

  /** `ok`, and of a failure `errmsg`, `code`, `codeName`. Answers too long to be seen to their end are no failures. */
  #answer(message: Message, bytes: Buffer, at: number, end: number, failed: boolean): void {
    const walker = this.#walker;
    if (!walker.open(bytes, at, end)) return;
    let code = 0;
    let ok = 1;
    let text = '';
    let codeName = '';
    while (walker.next()) {
      switch (walker.name) {
        case 'ok':
          ok = walker.number();
          break;
        case 'errmsg':
        case '$err':
          text = walker.text();
          break;
        case 'code':
          code = walker.number();
          break;
        case 'codeName':
          codeName = walker.text();
          break;
        default:
      }
    }
    if (ok !== 0 && text === '' && !failed) return;
    message.status = 'client_error';
    message.statusCode = Number.isSafeInteger(code) ? code : 0;
    message.error = text;
    if (codeName !== '') message.fact('codeName', codeName);
  }

  #compressed(message: Message, bytes: Buffer, at: number, end: number): void {
    if (end - at < 9) return;
    const opcode = bytes.readInt32LE(at);
    const claimed = bytes.readUInt32LE(at + 4);
    const compressor = bytes[at + 8]!;
    message.method = opcodeName(opcode) || message.method;
    message.fact('compressor', compressors[compressor] ?? `${compressor}`);
    if (opcode === opcodes.compressed) return;
    const data = at + 9;
    if (compressor === 0) {
      this.#body(message, opcode, bytes, data, end);
      return;
    }
    const out = compressor === 1 ? decodeSnappyHead(bytes, data, end, longestHead) : inflate(bytes, data, end, claimed);
    if (out === null) message.fact('unreadable', true);
    else this.#body(message, opcode, out, 0, out.length);
  }
}

function note(message: Message, command: string, target: string, namespace: string): void {
  if (command === '') return;
  message.fact('command', command);
  if (target !== '') message.fact('commandTarget', target);
  if (namespace !== '') message.fact('db', namespace);
  message.resource = target === '' ? namespace : `${namespace}.${target}`;
  message.endpoint = target === '' ? command : `${command} ${target}`;
}
