/**
 * Reads one memcached connection: text, meta and binary protocol, over TCP and UDP.
 *
 *   datagram  request id:2  sequence:2  datagrams:2  reserved:2  then the protocol
 *   client    <command> <words>\r\n  [<data>\r\n]
 *   server    <word> <words>\r\n   or  VALUE <key> <flags> <bytes>\r\n<data>\r\n … END\r\n   or  VA <bytes> <flags>\r\n<data>\r\n
 */
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned, utf8 } from '../text.ts';
import { readBinary, requestMagic, responseMagic } from './binary.ts';
import { type Command, commands, longestCommand, replies } from './commands.ts';
import { flag, lineEnd, longestLine, newline, sizeOf, word, wordEnd } from './lines.ts';
import { Turns } from './turns.ts';

export const datagramHeaderBytes = 8;

export class MemcachedParser implements Parser {
  readonly #session: Session;
  readonly #maxText: number;
  readonly #turns: Turns;
  /** An answer of many lines that goes on. */
  #answer: Message | null = null;
  #values = 0;
  /** The rest of a line that did not fit the window, by side. */
  readonly #tail: [boolean, boolean] = [false, false];

  constructor(session: Session) {
    this.#session = session;
    this.#maxText = Math.min(longestLine, session.options.maxText);
    this.#turns = new Turns(session);
  }

  gap(side: Side): void {
    this.#tail[side] = false;
    this.#answer = null;
    this.#turns.clear();
  }

  /** Values whose END will never come are told as far as they came. */
  finish(side: Side): void {
    if (side !== 1 || this.#answer === null) return;
    this.#answer.complete = false;
    this.#finish();
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    if (input.transport === 'udp') return this.#datagram(input);
    const first = bytes[start]!;
    if ((first === requestMagic || first === responseMagic) && this.#answer === null)
      return readBinary(input, start, end, this.#session, this.#turns);
    return this.#line(input, start);
  }

  /** Only the first datagram of an answer says something. */
  #datagram(input: Input): number {
    const { bytes, start, end } = input;
    const at = start + datagramHeaderBytes;
    if (at >= end) return lost;
    if (bytes.readUInt16BE(start + 2) !== 0) return end;
    const id = bytes.readUInt16BE(start);
    const first = bytes[at]!;
    if (first === requestMagic || first === responseMagic)
      return readBinary(input, at, end, this.#session, this.#turns) === lost ? lost : end;
    const ended = newline(bytes, at, end);
    if (ended < 0) return lost;
    const text = lineEnd(bytes, at, ended);
    const message = this.#session.begin(input.side === 0 ? 'request' : 'response', input);
    message.id = id;
    if (input.side === 0) {
      const name = interned.get(bytes, at, wordEnd(bytes, at, text));
      if (!commands.has(name)) return lost;
      message.method = name;
      message.resource = utf8(bytes, at, text, this.#maxText);
    } else if (!this.#reply(message, bytes, at, text)) return lost;
    this.#session.emit(message);
    return end;
  }

  #line(input: Input, start: number): number {
    const { bytes, end, side } = input;
    const ended = newline(bytes, start, end);
    if (this.#tail[side]) {
      if (ended >= 0) this.#tail[side] = false;
      return ended < 0 ? end : ended + 1;
    }
    if (ended < 0 && !input.full) return this.#plausible(bytes, start, end, side) ? start : lost;
    const text = ended < 0 ? end : lineEnd(bytes, start, ended);
    const next = ended < 0 ? end : ended + 1;
    if (ended < 0) this.#tail[side] = true;
    return side === 0 ? this.#command(input, start, text, next) : this.#answerLine(input, start, text, next);
  }

  /** So that noise without line ends is given up soon. */
  #plausible(bytes: Buffer, start: number, end: number, side: Side): boolean {
    const first = wordEnd(bytes, start, Math.min(end, start + longestCommand + 2));
    if (first === end) return end - start <= longestCommand;
    return side === 1 || commands.has(interned.get(bytes, start, first));
  }

  #command(input: Input, start: number, text: number, next: number): number {
    const { bytes } = input;
    const name = interned.get(bytes, start, wordEnd(bytes, start, Math.min(text, start + longestCommand + 1)));
    const command = commands.get(name);
    if (command === undefined) return lost;
    let after = next;
    if (command.shape === 'store') {
      const size = sizeOf(word(bytes, start, text, command.size));
      if (size < 0) return lost;
      after = next + size + 2;
    }
    // It ends the connection, as a FIN does: no call.
    if (name === 'quit') return after;
    const message = this.#session.begin('request', input);
    message.method = name;
    message.resource = utf8(bytes, start, text, this.#maxText);
    this.#turn(message, command, bytes, start, text);
    this.#session.emit(message);
    return after;
  }

  /** Whether and how it will be answered. */
  #turn(message: Message, command: Command, bytes: Buffer, start: number, text: number): void {
    if (!command.answered || endsWithNoreply(bytes, start, text)) {
      message.kind = 'session';
      return;
    }
    const flags = message.method === 'ms' ? 3 : 2;
    const quiet = command.meta && flag(bytes, start, text, 0x71, flags) === 'q';
    const tag = message.method === 'mn' ? 'MN' : command.meta ? flag(bytes, start, text, 0x4f, flags) : '';
    this.#turns.add({ quiet, tag });
  }

  #answerLine(input: Input, start: number, text: number, next: number): number {
    const { bytes } = input;
    const name = interned.get(bytes, start, wordEnd(bytes, start, Math.min(text, start + longestCommand + 1)));
    const kind = replies.get(name) ?? (this.#answer !== null || isOther(bytes, start, text) ? 'other' : '');
    if (kind === '') return lost;
    let after = next;
    if (kind === 'value' || kind === 'meta') {
      const size = sizeOf(word(bytes, start, text, kind === 'value' ? 3 : 1));
      if (size < 0) return lost;
      after = next + size + 2;
    }
    const many = kind === 'value' || kind === 'many' || (kind === 'other' && bytes[start]! > 0x39);
    if (this.#answer === null) {
      if (kind === 'value' && this.#session.identity.isOlder) this.#check(word(bytes, start, text, 1));
      this.#turns.answer(
        input,
        name === 'MN' ? 'MN' : kind === 'line' || kind === 'meta' ? flag(bytes, start, text, 0x4f, 1) : '',
      );
      this.#answer = this.#session.begin('response', input);
      this.#values = 0;
      if (!this.#reply(this.#answer, bytes, start, text)) this.#answer.result = utf8(bytes, start, text, 256);
    } else if (name.endsWith('ERROR')) this.#reply(this.#answer, bytes, start, text);
    if (kind === 'value') this.#values++;
    if (!many) this.#finish();
    return after;
  }

  /** Joined in the middle, an answer may be to a request that was not seen: it has a key that the oldest one seen did not ask for. */
  #check(key: string): void {
    const asked = this.#session.oldestPending?.resource ?? '';
    if (asked === '' || asked.length >= this.#maxText || asked.split(' ').includes(key)) return;
    this.#session.gap();
    this.#turns.clear();
  }

  #finish(): void {
    const message = this.#answer!;
    this.#answer = null;
    if (this.#values > 0) message.fact('values', this.#values);
    this.#turns.done();
    this.#session.emit(message);
  }

  /** The first line says how it went. False when it is none that is known. */
  #reply(message: Message, bytes: Buffer, start: number, text: number): boolean {
    const name = interned.get(bytes, start, wordEnd(bytes, start, Math.min(text, start + longestCommand + 1)));
    if (!replies.has(name) && !isOther(bytes, start, text)) return false;
    message.result = utf8(bytes, start, text, 1024);
    message.status = 'ok';
    if (!name.endsWith('ERROR')) return true;
    message.status = name === 'SERVER_ERROR' ? 'server_error' : 'client_error';
    message.statusCode = name;
    message.error = message.result.slice(name.length + 1) || name;
    return true;
  }
}

/** A number, as `incr` answers, or `key=…`, as a dump of keys has. */
function isOther(bytes: Buffer, start: number, text: number): boolean {
  const first = bytes[start]!;
  if (first >= 0x30 && first <= 0x39) {
    for (let at = start; at < text; at++)
      if ((bytes[at]! < 0x30 || bytes[at]! > 0x39) && bytes[at] !== 0x20) return false;
    return text - start <= 24;
  }
  return (
    text - start > 4 &&
    first === 0x6b &&
    bytes[start + 1] === 0x65 &&
    bytes[start + 2] === 0x79 &&
    bytes[start + 3] === 0x3d
  );
}

function endsWithNoreply(bytes: Buffer, start: number, text: number): boolean {
  if (text - start < 8 || bytes[text - 1] !== 0x79 || bytes[text - 8] !== 0x20) return false;
  return interned.get(bytes, text - 7, text) === 'noreply';
}
