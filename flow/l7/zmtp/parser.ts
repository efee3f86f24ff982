/** Reads a ZMTP connection: greetings, commands of the handshake and later, frames of messages. */
import type { Input } from '../input.ts';
import type { Message, MessageKind, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { latin1, startsWith, utf8, word } from '../text.ts';
import { Frame, flags, greetingBytes, isGreeting, oldGreetingBytes, oldSocketTypes, signatureBytes } from './frames.ts';

/** As much of a frame is looked at; of a payload that is text so much is kept. */
const headBytes = 1024;
const textBytes = 256;

const frame = new Frame();

/** What is known of one end. */
class End {
  greeted = false;
  minor = 1;
  /** Version 2.0: no commands, and the first frame is the identity. */
  old = false;
  identified = false;
  socketType = '';
  mechanism = '';
  /** The first frame of the message that is being sent. */
  message: Message | null = null;
  /** Bytes were lost: which frame of its message the next one is, nobody knows. */
  isAstray = false;
  /** Size of the empty frame that a REQ socket sends before its request (RFC 28). */
  delimiterBytes = 0;
  pings = 0;
  pongs = 0;
}

/*
 * Both ends:  greeting → handshake of the mechanism → traffic
 *   NULL      READY, READY
 *   PLAIN     HELLO → WELCOME, INITIATE → READY; ERROR ends it
 *   CURVE     the same names, encrypted; then all messages are MESSAGE commands
 */
export class ZmtpParser implements Parser {
  readonly #session: Session;
  readonly #ends: readonly [End, End] = [new End(), new End()];

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full, side } = input;
    const own = this.#ends[side];
    if (!own.greeted) return this.#greeting(input, own);
    const read = frame.read(bytes, start, end);
    if (read === 'no') return lost;
    if (read === 'more') return full ? end : start;
    const { bodyStart, bodyLength } = frame;
    const next = bodyStart + bodyLength;
    const limit = Math.min(next, bodyStart + headBytes);
    if (limit > end && !full) return start;
    const isCommand = (frame.flags & flags.command) !== 0;
    const available = Math.min(limit, end);
    if (own.isAstray && !isCommand) {
      own.isAstray = (frame.flags & flags.more) !== 0;
      return next;
    }
    if (isCommand && !isNamed(bytes, bodyStart, available)) return lost;
    if (!isCommand && this.#delimits(own, bodyLength, next - start)) return next;
    const message = this.#session.begin('session', input);
    message.fact('frameBodyLength', bodyLength);
    if (isCommand) this.#command(message, bytes, bodyStart, available, own);
    else this.#frame(message, bytes, bodyStart, available, own, next - start);
    this.#session.emit(message);
    return next;
  }

  /** Frames have no mark: those that fill a piece of data to its end are believed. A message that may have begun before them is left out. */
  resume({ bytes, start, end, side }: Input): boolean {
    if (!this.#ends[side].greeted) return isGreeting(bytes, start);
    let at = start;
    while (at < end) {
      if (frame.read(bytes, at, end) !== 'yes') return false;
      const next = frame.bodyStart + frame.bodyLength;
      if ((frame.flags & flags.command) !== 0 && !isNamed(bytes, frame.bodyStart, Math.min(next, end))) return false;
      at = next;
    }
    if (at > end) return false;
    this.#ends[side].isAstray = true;
    return true;
  }

  gap(side: Side): void {
    this.#ends[side].message = null;
    this.#ends[side].delimiterBytes = 0;
  }

  #greeting(input: Input, own: End): number {
    const { bytes, start, end, full, side } = input;
    if (end - start < signatureBytes + 1) return full ? lost : start;
    if (!isGreeting(bytes, start)) return lost;
    own.old = bytes[start + 10] === 1;
    const length = own.old ? oldGreetingBytes : greetingBytes;
    if (end - start < length) return full ? lost : start;
    own.greeted = true;
    const message = this.#session.begin('session', input);
    message.method = 'GREETING';
    if (own.old) {
      message.version = '2.0';
      own.socketType = oldSocketTypes[bytes[start + 11]!] ?? '';
      if (own.socketType !== '') message.fact('socketType', own.socketType);
    } else {
      own.minor = bytes[start + 11]!;
      message.version = `3.${own.minor}`;
      let mechanismEnd = start + 12;
      while (mechanismEnd < start + 32 && bytes[mechanismEnd] !== 0) mechanismEnd++;
      own.mechanism = latin1(bytes, start + 12, mechanismEnd);
      message.fact('mechanism', own.mechanism);
      message.fact('asServer', bytes[start + 32] === 1);
    }
    // One greeting a connection is told as a call.
    message.part = side === 1;
    this.#session.emit(message);
    return start + length;
  }

  #command(message: Message, bytes: Buffer, bodyStart: number, limit: number, own: End): void {
    const misspelt = isMisspeltError(bytes, bodyStart, limit);
    const nameEnd = bodyStart + 1 + (misspelt ? 4 : bytes[bodyStart]!);
    message.method = misspelt ? 'ERROR' : word(bytes, bodyStart + 1, nameEnd);
    switch (message.method) {
      case 'READY':
      case 'INITIATE':
        if (own.mechanism !== 'CURVE') this.#metadata(message, bytes, nameEnd, limit, own);
        break;
      case 'ERROR':
        message.status = message.side === 1 ? 'server_error' : 'client_error';
        if (nameEnd < limit) message.error = utf8(bytes, nameEnd + 1, Math.min(limit, nameEnd + 1 + bytes[nameEnd]!));
        break;
      case 'SUBSCRIBE':
      case 'CANCEL':
        message.resource = word(bytes, nameEnd, limit);
        break;
      case 'PING':
        message.kind = 'request';
        message.id = pingId(message.side, own.pings++);
        break;
      case 'PONG': {
        const asker: Side = message.side === 0 ? 1 : 0;
        if (own.pongs >= this.#ends[asker].pings) break;
        message.kind = 'response';
        message.status = 'ok';
        message.id = pingId(asker, own.pongs++);
        break;
      }
      default:
    }
  }

  #metadata(message: Message, bytes: Buffer, start: number, limit: number, own: End): void {
    let at = start;
    while (limit - at > 5) {
      const nameEnd = at + 1 + bytes[at]!;
      if (limit - nameEnd < 4) return;
      const valueEnd = nameEnd + 4 + bytes.readUInt32BE(nameEnd);
      if (valueEnd > limit) return;
      const name = word(bytes, at + 1, nameEnd).toLowerCase();
      if (name === 'socket-type') {
        own.socketType = word(bytes, nameEnd + 4, valueEnd).toUpperCase();
        message.fact('socketType', own.socketType);
      } else if (name === 'identity' && valueEnd > nameEnd + 4)
        message.fact('identity', printable(bytes, nameEnd + 4, valueEnd));
      at = valueEnd;
    }
  }

  /** The empty frame before a request is its envelope, no message. */
  #delimits(own: End, bodyLength: number, size: number): boolean {
    if (own.socketType !== 'REQ' || own.message !== null || own.delimiterBytes > 0) return false;
    if (bodyLength > 0 || (frame.flags & flags.more) === 0) return false;
    own.delimiterBytes = size;
    return true;
  }

  /** A message is one or more frames; the first is told as the call, and has the size of all. */
  #frame(message: Message, bytes: Buffer, start: number, limit: number, own: End, size: number): void {
    const more = (frame.flags & flags.more) !== 0;
    message.method = 'MESSAGE';
    if (own.old && !own.identified) {
      own.identified = true;
      message.method = 'IDENTITY';
      message.part = true;
      return;
    }
    if (more) message.fact('more', true);
    const text = printable(bytes, start, Math.min(limit, start + textBytes));
    if (text !== '') message.fact('payloadText', text);
    if (own.message === null && this.#subscribes(message, bytes, start, limit, own)) return;
    message.kind = this.#kind(message.side);
    if (message.kind === 'response') message.more = more;
    const first = own.message;
    if (first === null) {
      message.sizeBytes = size + own.delimiterBytes;
      own.delimiterBytes = 0;
      if (own.socketType !== '') message.fact('socketType', own.socketType);
      if (own.socketType === 'PUB' || own.socketType === 'XPUB') message.resource = text;
    } else {
      message.resource = first.resource;
      first.sizeBytes += size;
      if (message.kind !== 'response') message.part = true;
    }
    own.message = more ? (first ?? message) : null;
  }

  /** Before 3.1 a subscription is a message that begins with 1, and its end one that begins with 0. */
  #subscribes(message: Message, bytes: Buffer, start: number, limit: number, own: End): boolean {
    if (own.socketType !== 'SUB' && own.socketType !== 'XSUB') return false;
    if (!own.old && own.minor > 0) return false;
    if (frame.flags !== 0 || limit === start || bytes[start]! > 1) return false;
    message.method = bytes[start] === 1 ? 'SUBSCRIBE' : 'CANCEL';
    message.resource = word(bytes, start + 1, limit);
    return true;
  }

  /** REQ asks and REP answers, whoever is at the other end. */
  #kind(side: Side): MessageKind {
    const own = this.#ends[side].socketType;
    const other = this.#ends[side === 0 ? 1 : 0].socketType;
    if (own === 'REQ' || other === 'REP') return 'request';
    return own === 'REP' || other === 'REQ' ? 'response' : 'session';
  }
}

/** Whether a command's name fits its body. */
function isNamed(bytes: Buffer, start: number, limit: number): boolean {
  if (limit - start < 2) return false;
  return isMisspeltError(bytes, start, limit) || (bytes[start]! > 0 && start + 1 + bytes[start]! <= limit);
}

/** libzmq 4 writes the length of ERROR and its E as one byte, 0x5E. */
function isMisspeltError(bytes: Buffer, start: number, limit: number): boolean {
  return startsWith(bytes, start, limit, '^RROR');
}

function pingId(side: Side, count: number): string {
  return `${side === 0 ? 'client' : 'server'}-ping-${count}`;
}

/** The bytes as text, when all of them are printable ASCII. */
function printable(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) if (bytes[at]! < 0x20 || bytes[at]! > 0x7e) return '';
  return latin1(bytes, start, end);
}
