/** Walks the frames of a WebSocket connection, both sides, and tells the whole of it as one message when it ends. */
import { takeRequest } from '../http/upgrade.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { utf8 } from '../text.ts';
import { closeStatus } from './close-codes.ts';
import { fitsSide, headLength, isFrame, longestControl, opcodes, payloadLength } from './frames.ts';
import { Talk } from './talk.ts';

/**
 * A connection:
 *
 *   101 ─► frames … ─┬► close frame of one side ─► of the other ─► told
 *                    └► the connection ends ─────────────────────► told
 */
export class WebSocketParser implements Parser {
  readonly #session: Session;
  readonly #request: Message | null;
  readonly #talk = new Talk();
  /** Begins with the first frame. */
  #message: Message | null = null;
  #told = false;

  constructor(session: Session) {
    this.#session = session;
    this.#request = takeRequest(session.identity);
  }

  read(input: Input): number {
    const { bytes, start, end, side } = input;
    if (end - start < 2) return start;
    const first = bytes[start]!;
    const second = bytes[start + 1]!;
    if (!isFrame(first, second)) return lost;
    const head = headLength(second);
    if (end - start < head) return start;
    const length = payloadLength(bytes, start);
    if (length < 0) return lost;
    const next = start + head + length;
    const opcode = first & 0x0f;
    if (opcode === opcodes.close && next > end) return start;

    this.#message ??= this.#begin(input);
    this.#talk.wireBytes += head + length;
    if (opcode <= opcodes.binary) {
      const passed = this.#talk.sides[side];
      passed.bytes += length;
      if ((first & 0x80) !== 0) passed.messages++;
    } else if (opcode === opcodes.close) {
      this.#readClose(bytes, start + head, length, side, (second & 0x80) !== 0);
      if (this.#told) this.#session.stop();
    }
    return next;
  }

  resume({ bytes, start, end, side }: Input): boolean {
    if (!fitsSide(bytes, start, end, side)) return false;
    const next = start + headLength(bytes[start + 1]!) + payloadLength(bytes, start);
    return next + longestControl > end || fitsSide(bytes, next, end, side);
  }

  finish(side: Side): void {
    this.#end(side);
  }

  /** Told at the client's side, whoever sent the first frame: the client opened it. */
  #begin(input: Input): Message {
    const message = this.#session.begin('session', input);
    const request = this.#request;
    message.side = 0;
    message.method = 'WEBSOCKET';
    message.version = '13';
    message.detail = this.#talk;
    if (request !== null) {
      message.resource = request.resource;
      message.endpoint = request.endpoint;
      message.domain = request.domain;
      message.trace = request.trace;
      message.requestId = request.requestId;
    }
    return message;
  }

  /** Payload: code (2), reason in UTF-8 (§5.5.1); or nothing. */
  #readClose(bytes: Buffer, start: number, length: number, side: Side, masked: boolean): void {
    const talk = this.#talk;
    if (talk.closedBy < 0) {
      talk.closedBy = side;
      if (length >= 2) {
        const payload = Buffer.from(bytes.subarray(start, start + length));
        if (masked) for (let at = 0; at < length; at++) payload[at]! ^= bytes[start - 4 + (at & 3)]!;
        talk.closeCode = payload.readUInt16BE(0);
        talk.closeReason = utf8(payload, 2, length);
      }
    }
    this.#end(side);
  }

  #end(side: Side): void {
    const talk = this.#talk;
    talk.sides[side].over = true;
    const message = this.#message;
    if (this.#told || message === null || !talk.sides[0].over || !talk.sides[1].over) return;
    this.#told = true;
    message.sizeBytes = talk.wireBytes;
    message.complete = talk.closedBy >= 0;
    if (talk.closedBy >= 0) {
      message.status = closeStatus(talk.closeCode, talk.closedBy as Side);
      if (talk.closeCode >= 0) message.statusCode = talk.closeCode;
      if (message.status === 'ok') message.result = talk.closeReason;
      else message.error = talk.closeReason;
    }
    this.#session.emit(message);
  }
}
