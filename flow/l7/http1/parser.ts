/**
 * Reads the heads of HTTP/1.x messages and finds where their bodies end; bodies pass unseen.
 *
 *   request   method SP target SP "HTTP/1." digit CRLF  fields  CRLF  [body]
 *   response  "HTTP/1." digit SP status SP reason CRLF  fields  CRLF  [body]
 *   field     name ":" OWS value OWS CRLF                a line that begins with a blank goes on with the one before
 *   chunked   *( size in hex [";" extensions] CRLF  data CRLF )  "0" CRLF  fields  CRLF
 *
 * How long a body is, by RFC 9112 §6.3: none after HEAD, 1xx, 204, 304 and a successful CONNECT; chunked; Content-Length; for a
 * response else all until the connection closes.
 */

import { httpStatus } from '../http/describe.ts';
import { httpDetail } from '../http/detail.ts';
import { leaveRequest } from '../http/upgrade.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { endOfStream, lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned, latin1, startsWith } from '../text.ts';
import { HeadFields } from './head-fields.ts';
import { findHeadEnd, headPrefix, hexValue } from './lines.ts';
import { takeTarget } from './target.ts';

/** Longest line of a chunk's size with its extensions, and of a trailer. */
const longestLine = 16 * 1024;
/** Hex digits of a chunk's size: more would pass what a number holds. */
const longestSize = 13;

/**
 * One direction:
 *
 *   head ─► (body passes unseen) ─► head
 *     └───► size ─► (chunk passes unseen) ─► size … ─► trailers ─► head
 *              └─► (nobody looked at what followed) ─► unseen ─────┘
 */
class Direction {
  phase: 'head' | 'size' | 'trailers' | 'unseen' = 'head';
  /** The message whose chunks are passing: it is emitted after the last. */
  held: Message | null = null;
  bodyBytes = 0;
  /** Where in the stream the search for a head's end goes on, and where the last chunk ends. */
  scanned = 0;
  reached = 0;
  /** When the last bytes came that nobody looked at. */
  unseenNs = 0;
}

export class Http1Parser implements Parser {
  readonly #session: Session;
  readonly #options: ProtocolOptions;
  readonly #directions: [Direction, Direction] = [new Direction(), new Direction()];
  readonly #fields: HeadFields;

  constructor(session: Session) {
    this.#session = session;
    this.#options = session.options;
    this.#fields = new HeadFields(session.options);
  }

  read(input: Input): number {
    const direction = this.#directions[input.side];
    switch (direction.phase) {
      case 'head':
        return this.#readHead(input, direction);
      case 'size':
        return this.#readSize(input, direction);
      case 'trailers':
        return this.#readTrailer(input, direction);
      case 'unseen':
        return this.#readAfterUnseen(input, direction);
      default:
        return direction.phase satisfies never;
    }
  }

  gap(side: Side): void {
    this.finish(side);
  }

  unseen(side: Side, _length: number, offset: number, timeNs: number): boolean {
    const direction = this.#directions[side];
    if (direction.held === null) return false;
    direction.phase = 'unseen';
    direction.unseenNs = timeNs;
    direction.reached = offset;
    return true;
  }

  finish(side: Side): void {
    const direction = this.#directions[side];
    this.#release(direction, direction.phase === 'unseen');
    direction.scanned = 0;
  }

  #readHead(input: Input, direction: Direction): number {
    const { bytes, start, end, side } = input;
    // Empty lines before a message are allowed for (RFC 9112 §2.2).
    if (bytes[start] === 0x0d || bytes[start] === 0x0a) {
      let at = start + 1;
      while (at < end && (bytes[at] === 0x0d || bytes[at] === 0x0a)) at++;
      return at;
    }
    const from = Math.max(start, start + direction.scanned - input.offset - 3);
    let headEnd = findHeadEnd(bytes, from, end);
    const whole = headEnd >= 0;
    if (!whole) {
      if (!headPrefix(bytes, start, end, side)) return lost;
      direction.scanned = input.offset + end - start;
      if (!input.full) return start;
      headEnd = end;
    }
    direction.scanned = 0;
    const next =
      side === 0 ? this.#readRequest(input, headEnd, direction) : this.#readResponse(input, headEnd, direction);
    // Of a head that does not end, no one knows where the body begins.
    return whole || next === lost ? next : end;
  }

  #readRequest(input: Input, headEnd: number, direction: Direction): number {
    const { bytes, start } = input;
    let lineEnd = start;
    while (lineEnd < headEnd && bytes[lineEnd] !== 0x0a) lineEnd++;
    const next = lineEnd + 1;
    if (bytes[lineEnd - 1] === 0x0d) lineEnd--;
    let methodEnd = start;
    while (methodEnd < lineEnd && bytes[methodEnd] !== 0x20) methodEnd++;
    let targetEnd = lineEnd;
    let version = '';
    if (startsWith(bytes, lineEnd - 8, lineEnd, 'HTTP/1.') && lineEnd - 8 > methodEnd) {
      version = interned.get(bytes, lineEnd - 3, lineEnd);
      targetEnd = lineEnd - 8;
      while (targetEnd > methodEnd && bytes[targetEnd - 1] === 0x20) targetEnd--;
    } else if (next <= headEnd) return lost;
    let targetStart = methodEnd + 1;
    while (targetStart < targetEnd && bytes[targetStart] === 0x20) targetStart++;

    // Whoever asks again has its answer.
    if (this.#directions[1].phase === 'unseen') this.#release(this.#directions[1], true);
    const message = this.#session.begin('request', input);
    // Read inside a TLS library: the line does not say so.
    if (this.#session.identity.socket?.tlsLibrary) httpDetail(message).scheme = 'https';
    message.method = interned.get(bytes, start, Math.min(methodEnd, start + 64));
    message.version = version;
    takeTarget(message, latin1(bytes, targetStart, Math.min(targetEnd, targetStart + this.#options.maxText)));
    if (!this.#options.obfuscate) message.fact('plain', true);
    this.#fields.read(message, bytes, next, headEnd);
    if (this.#fields.chunked) return this.#holdUntilLastChunk(message, direction, headEnd);
    message.length = this.#fields.length;
    this.#session.emit(message);
    return message.length > 0 && message.method !== 'CONNECT' ? headEnd + message.length : headEnd;
  }

  #readResponse(input: Input, headEnd: number, direction: Direction): number {
    const { bytes, start } = input;
    if (headEnd - start < 12 || !startsWith(bytes, start, headEnd, 'HTTP/1.') || bytes[start + 8] !== 0x20) return lost;
    const code = (bytes[start + 9]! - 0x30) * 100 + (bytes[start + 10]! - 0x30) * 10 + bytes[start + 11]! - 0x30;
    if (!(code >= 100 && code <= 999)) return lost;
    let next = start + 12;
    while (next < headEnd && bytes[next] !== 0x0a) next++;

    if (code >= 200) this.#releaseAnswered();
    const request = this.#session.oldestPending;
    const message = this.#session.begin('response', input);
    message.version = interned.get(bytes, start + 5, start + 8);
    message.statusCode = code;
    message.status = httpStatus(code);
    this.#fields.read(message, bytes, next + 1, headEnd);
    if (code < 200) return this.#readInterim(message, request, code, headEnd);
    const method = request?.method ?? '';
    if (method === 'CONNECT' && code < 300) {
      this.#session.emit(message);
      this.#session.switchTo('');
      return headEnd;
    }
    const empty = method === 'HEAD' || code === 204 || code === 304;
    if (this.#fields.chunked && !empty) {
      this.#session.answering();
      return this.#holdUntilLastChunk(message, direction, headEnd);
    }
    message.length = this.#fields.length;
    this.#session.emit(message);
    if (empty || message.length === 0) return headEnd;
    // Without its request this may answer a HEAD: then the next response stands where the body would.
    if (request === undefined && startsWith(bytes, headEnd, input.end, 'HTTP/1.')) return headEnd;
    return message.length > 0 ? headEnd + message.length : endOfStream;
  }

  /** 1xx: more will follow, but 101 is followed by another protocol (RFC 9110 §15.2, §7.8). */
  #readInterim(message: Message, request: Message | undefined, code: number, headEnd: number): number {
    const session = this.#session;
    session.emit(message);
    if (code !== 101) {
      message.more = true;
      return headEnd;
    }
    const upgrade = this.#fields.upgrade.toLowerCase();
    if (request !== undefined) leaveRequest(session.identity, request);
    if (upgrade === 'websocket') session.switchTo('websocket');
    else if (upgrade === 'h2c') {
      // The request itself is answered in HTTP/2, on stream 1 (RFC 7540 §3.2).
      message.more = true;
      if (request !== undefined) request.settled = true;
      session.switchTo('http2');
    } else session.switchTo('');
    return headEnd;
  }

  /** Its end is known with the last chunk only. */
  #holdUntilLastChunk(message: Message, direction: Direction, headEnd: number): number {
    direction.phase = 'size';
    direction.held = message;
    direction.bodyBytes = 0;
    direction.reached = message.offset;
    return headEnd;
  }

  #readSize(input: Input, direction: Direction): number {
    const { bytes, start, end } = input;
    let at = start;
    let size = 0;
    for (; at < end; at++) {
      const digit = hexValue(bytes[at]!);
      if (digit < 0) break;
      if (at - start >= longestSize) return lost;
      size = size * 16 + digit;
    }
    if (at === end) return input.full ? lost : start;
    if (at === start) return lost;
    while (at < end && bytes[at] !== 0x0a) at++;
    if (at === end) return input.full || end - start > longestLine ? lost : start;
    at++;
    if (size === 0) {
      direction.phase = 'trailers';
      return at;
    }
    direction.bodyBytes += size;
    direction.reached = input.offset + (at - start) + size + 2;
    return at + size + 2;
  }

  /** Chunks nobody looked at end where the next message begins. */
  #readAfterUnseen(input: Input, direction: Direction): number {
    const { bytes, start, end, side } = input;
    if (!headPrefix(bytes, start, end, side)) {
      direction.unseenNs = input.timeNs;
      direction.reached = input.offset + end - start;
      return end;
    }
    this.#release(direction, true);
    return this.#readHead(input, direction);
  }

  #readTrailer(input: Input, direction: Direction): number {
    const { bytes, start, end } = input;
    let at = start;
    while (at < end && bytes[at] !== 0x0a) at++;
    if (at === end) return input.full || end - start > longestLine ? lost : start;
    if (at === start || (at === start + 1 && bytes[start] === 0x0d)) this.#release(direction, true);
    return at + 1;
  }

  /** Emits the message whose chunks have passed, or never will. */
  #release(direction: Direction, complete: boolean): void {
    const message = direction.held;
    const wasUnseen = direction.phase === 'unseen';
    direction.held = null;
    direction.phase = 'head';
    if (message === null) return;
    message.complete = complete;
    if (wasUnseen) message.lastNs = direction.unseenNs;
    if (!wasUnseen) httpDetail(message).bodyBytes = direction.bodyBytes;
    if (!complete || wasUnseen) message.sizeBytes = Math.max(1, direction.reached - message.offset);
    this.#session.emit(message);
  }

  /** A request is answered while its chunks still come: it counts as it is, and the rest of them passes. */
  #releaseAnswered(): void {
    const direction = this.#directions[0];
    if (direction.held === null || this.#session.oldestPending !== undefined) return;
    const { phase } = direction;
    this.#release(direction, false);
    if (phase !== 'unseen') direction.phase = phase;
  }
}
