/**
 * Reads DNS messages of datagrams and streams (RFC 1035 §4, over TCP with a length before each).
 *
 *   id:2  QR:1 opcode:4 AA TC RD  RA Z AD CD rcode:4  questions:2 answers:2 authorities:2 additionals:2
 *   question: name  type:2  class:2        then records, see records.ts
 */
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { nameEnd, readName, skipName } from './names.ts';
import { opcodes, typeName } from './numbers.ts';
import { type DnsRecord, found, readRecords } from './records.ts';

export const headerBytes = 12;
export const multicastPort = 5353;
const maxQuestions = 32;

const u16 = (bytes: Buffer, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

export class DnsParser implements Parser {
  readonly #session: Session;
  /** Asked of a group: who answers, and whether at all, is open. */
  readonly #multicast: boolean;
  /** Last question asked, for answers that do not repeat it. */
  #lastId = -1;
  #lastKey = 0;
  /** A zone is being transferred; it ends with the record it began with. */
  #transfers = false;

  constructor(session: Session) {
    this.#session = session;
    this.#multicast = isMulticast(session.identity.serverAddress, session.identity.serverPort);
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    if (input.transport !== 'tcp') return this.#message(input, start, end) ? end : lost;
    if (end - start < 2) return input.full ? lost : start;
    const length = u16(bytes, start);
    if (length < headerBytes) return lost;
    const next = start + 2 + length;
    if (next > end && !input.full) return start;
    return this.#message(input, start + 2, Math.min(next, end)) ? next : lost;
  }

  #message(input: Input, start: number, end: number): boolean {
    if (end - start < headerBytes) return false;
    const { bytes } = input;
    const flags = u16(bytes, start + 2);
    const isResponse = (flags & 0x8000) !== 0;
    const opcode = (flags >> 11) & 0xf;
    const questions = u16(bytes, start + 4);
    if (opcode > 6 || questions > maxQuestions) return false;
    const message = this.#session.begin(this.#multicast ? 'session' : isResponse ? 'response' : 'request', input);
    const id = u16(bytes, start);
    message.fact('requestId', id);
    let at = start + headerBytes;
    if (questions > 0) {
      const name = readName(bytes, at, start, end);
      if (name === null || nameEnd + 4 > end) return false;
      const type = u16(bytes, nameEnd);
      this.#question(message, name, type, opcode);
      at = nameEnd + 4;
      message.id = key(id, type, name);
      for (let index = 1; index < questions; index++) {
        at = skipName(bytes, at, end) + 4;
        if (at < headerBytes || at > end) return false;
      }
    } else {
      message.method = opcode === 0 ? '' : opcodes[opcode]!;
      message.id = isResponse && id === this.#lastId ? this.#lastKey : id;
    }
    if (this.#multicast) message.id = '';
    if (isResponse) this.#response(message, bytes, at, start, end, flags);
    else {
      this.#lastId = id;
      this.#lastKey = message.id as number;
    }
    this.#session.emit(message);
    return true;
  }

  #question(message: Message, name: string, type: number, opcode: number): void {
    message.method = opcode === 0 ? typeName(type) : opcodes[opcode]!;
    message.resource = name;
    message.endpoint = name;
    if (type === 1 || type === 28) message.domain = name;
  }

  /** Answer and authority records, and the whole response code. */
  #response(message: Message, bytes: Buffer, at: number, start: number, end: number, flags: number): void {
    const records: DnsRecord[] = [];
    found.extendedCode = 0;
    const answers = u16(bytes, start + 6);
    let whole = readRecords(bytes, at, start, end, answers, records);
    const { firstType, lastType } = found;
    const answered = records.length;
    whole = whole && readRecords(bytes, found.end, start, end, u16(bytes, start + 8), records);
    if (whole) readRecords(bytes, found.end, start, end, u16(bytes, start + 10), null);
    const code = (flags & 0xf) | found.extendedCode;
    message.statusCode = code;
    message.status = code === 0 ? 'ok' : code === 1 || code === 3 ? 'client_error' : 'server_error';
    if (records.length > 0) {
      message.fact('records', records);
      message.fact('answers', answered);
    }
    if ((flags & 0x0200) !== 0) message.fact('truncated', true);
    if ((message.method === 'AXFR' || message.method === 'IXFR') && code === 0)
      this.#transfer(message, answers, firstType, lastType);
  }

  /** RFC 5936 §2.2: a transfer begins and ends with SOA, in one message or many. */
  #transfer(message: Message, answers: number, firstType: number, lastType: number): void {
    const begins = !this.#transfers;
    const ends = lastType === 6 && (!begins || answers > 1 || message.method === 'IXFR');
    message.more = !ends && (!begins || firstType === 6);
    this.#transfers = message.more;
  }
}

/** One number for id, type and name in lower case: an id that is used again does not meet another question's answer. */
function key(id: number, type: number, name: string): number {
  let hash = type;
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    hash = Math.imul(hash ^ (code >= 0x41 && code <= 0x5a ? code | 0x20 : code), 0x01000193);
  }
  return ((hash ^ (hash >>> 13)) >>> 1) * 0x10000 + id;
}

/** mDNS, LLMNR, and whatever else is asked of a group. */
function isMulticast(address: string, port: number): boolean {
  if (port === multicastPort) return true;
  if (address.includes(':')) return address.startsWith('ff');
  const first = Number.parseInt(address, 10);
  return first >= 224 && first <= 239;
}
