/**
 * Reads one Thrift connection. How a message is wrapped is seen at each one's beginning:
 *
 *   80 01, 82        strict binary or compact, without a frame: the struct is walked to find its end
 *   u32, then 80 01, 82, or the length of a name      framed
 *   u32, then 0f ff                                   THeader
 *   u32 and a name                                    old binary, without a frame
 *
 * Calls and replies are paired by sequence; clients that give all calls the same one get their replies in order.
 */
import { windowBytes } from '../connection.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned } from '../text.ts';
import { messageTypes, ThriftHead } from './head.ts';
import { isReplyReady, readException, readReply } from './result.ts';
import { fixedBytes, HeaderFrame } from './theader.ts';
import { StructWalker } from './walker.ts';

/** Thrift's own limit is 16 MiB unless it is told otherwise; a THeader frame cannot be longer than this. */
export const maxFrame = 0x3fffffff;

/** A message without a frame that has not ended yet. */
class OpenStruct {
  message: Message | null = null;
  readonly walker = new StructWalker();
}

export class ThriftParser implements Parser {
  readonly #session: Session;
  readonly #head = new ThriftHead();
  readonly #header = new HeaderFrame();
  readonly #open: readonly [OpenStruct, OpenStruct] = [new OpenStruct(), new OpenStruct()];
  /** Calls have the same sequence while they overlap. */
  #inOrder = false;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    const open = this.#open[input.side]!;
    if (open.message !== null) return this.#walk(open, input, start);
    const first = bytes[start]!;
    if (first === 0x80 || first === 0x82) return this.#readBare(open, input);
    if (first > 0x3f) return lost;
    if (end - start < 8) return full ? lost : start;
    const length = bytes.readUInt32BE(start);
    const mark = bytes.readUInt16BE(start + 4);
    if (mark === 0x0fff) return this.#readHeader(input, length);
    // Behind a frame's length comes a version, or the length of a name, whose upper half is 0.
    const framed = mark === 0x8001 || mark >>> 8 === 0x82 || mark === 0;
    return framed ? this.#readFramed(input, length) : this.#readBare(open, input);
  }

  #readFramed(input: Input, length: number): number {
    const { bytes, start, end, full } = input;
    const next = start + 4 + length;
    const stop = Math.min(end, next);
    const found = this.#head.read(bytes, start + 4, stop);
    if (found === 'bad' || (found === 'more' && (full || end >= next))) return lost;
    if (found === 'more' || (this.#wanted(next) > end && !full)) return start;
    const message = this.#begin(input, 'framed');
    message.frameLength = length + 4;
    this.#readBody(message, bytes, stop);
    this.#session.emit(message);
    return next;
  }

  #readHeader(input: Input, length: number): number {
    const { bytes, start, end, full } = input;
    const header = this.#header;
    if (length < fixedBytes || length > maxFrame) return lost;
    if (end - start < fixedBytes || !header.read(bytes, start, end)) return full ? lost : start;
    const transformed = header.transforms.length > 0;
    if (transformed && end < Math.min(header.next, start + windowBytes) && !full) return start;
    const payload = header.payload(end);
    const found = payload === null ? 'bad' : this.#head.read(payload, 0, payload.length);
    const atEnd = transformed || full || end >= header.next;
    if (found !== 'ok') {
      if (!transformed) return found === 'bad' || atEnd ? lost : start;
      // A payload that cannot be read: who sent it tells what it is.
      this.#head.type = input.side === 0 ? messageTypes.call : messageTypes.reply;
      this.#head.sequence = bytes.readInt32BE(start + 8);
      this.#head.nameAt = this.#head.nameEnd = 0;
    } else if (!atEnd && this.#wanted(payload!.length + header.next - end) > payload!.length) return start;
    const message = this.#begin(input, 'header', payload ?? bytes);
    message.frameLength = length + 4;
    header.readEntries(message, this.#session.options);
    if (found === 'ok') this.#readBody(message, payload!, payload!.length);
    this.#session.emit(message);
    return header.next;
  }

  #readBare(open: OpenStruct, input: Input): number {
    const { bytes, start, end, full } = input;
    const found = this.#head.read(bytes, start, end);
    if (found === 'bad' || (found === 'more' && full)) return lost;
    if (found === 'more') return start;
    const { bodyAt, compact, type } = this.#head;
    if (type === messageTypes.reply && !full && !isReplyReady(bytes, bodyAt, end, compact)) return start;
    open.walker.begin(compact);
    if (type === messageTypes.exception) {
      // The text of an exception is wanted whole; it is short.
      open.walker.walk(bytes, bodyAt, end);
      if (!open.walker.done && !open.walker.bad && !full) return start;
      open.walker.begin(compact);
    }
    const message = this.#begin(input, 'unframed');
    this.#readBody(message, bytes, end);
    open.message = message;
    return this.#walk(open, input, bodyAt);
  }

  /** On through the struct of a message without a frame, from `at`. */
  #walk(open: OpenStruct, input: Input, at: number): number {
    const { walker } = open;
    const next = walker.walk(input.bytes, at, input.end);
    const message = open.message!;
    if (walker.bad) {
      open.message = null;
      return lost;
    }
    if (walker.done) {
      open.message = null;
      this.#session.emit(message);
    }
    return next;
  }

  /** Up to where a message must be there before it is read: a reply to its first field, an exception to its end. */
  #wanted(next: number): number {
    const { bodyAt, type } = this.#head;
    if (type === messageTypes.exception) return Math.min(next, bodyAt + 8192);
    return type === messageTypes.reply ? Math.min(next, bodyAt + 3) : bodyAt;
  }

  #begin(input: Input, transport: string, bytes = input.bytes): Message {
    const { type, sequence, nameAt, nameEnd, compact } = this.#head;
    const isCall = type === messageTypes.call || type === messageTypes.oneWay;
    const kind = type === messageTypes.call ? 'request' : isCall ? 'session' : 'response';
    const message = this.#session.begin(kind, input);
    const name = interned.get(bytes, nameAt, nameEnd);
    const colon = name.indexOf(':');
    message.method = colon < 0 ? name : name.slice(colon + 1);
    if (colon > 0) message.resource = name.slice(0, colon);
    message.endpoint = colon > 0 ? `${message.resource}/${message.method}` : message.method;
    message.fact('protocol', compact ? 'compact' : 'binary');
    message.fact('transport', transport);
    message.fact('requestId', sequence);
    if (type !== messageTypes.oneWay) message.id = this.#idOf(sequence, isCall);
    return message;
  }

  /** Empty: paired by order. */
  #idOf(sequence: number, isCall: boolean): number | string {
    if (sequence === 0) return '';
    const waits = this.#session.pending(sequence) !== undefined;
    if (isCall) {
      if (waits) this.#inOrder = true;
      return this.#inOrder ? '' : sequence;
    }
    return waits || !this.#inOrder ? sequence : '';
  }

  #readBody(message: Message, bytes: Buffer, end: number): void {
    const { bodyAt, compact, type } = this.#head;
    if (type === messageTypes.reply) readReply(message, bytes, bodyAt, end, compact);
    else if (type === messageTypes.exception) readException(message, bytes, bodyAt, end, compact);
  }

  gap(side: Side): void {
    this.#open[side]!.message = null;
  }

  finish(side: Side): void {
    const open = this.#open[side]!;
    if (open.message === null) return;
    open.message.complete = false;
    this.#session.emit(open.message);
    open.message = null;
  }
}
