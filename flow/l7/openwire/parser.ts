/** Reads an OpenWire connection: both ends say how they encode, then commands, answered by their numbers. */
import { findTraceHeader, offerTraceHeader } from '../../trace-context/headers.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { utf8 } from '../text.ts';
import { FormatGuess } from './guess.ts';
import { framePlausible, probeOpenWire } from './probe.ts';
import { PropertyCursor } from './properties.ts';
import { type Cached, CommandReader } from './reader.ts';
import { codes, dataTypes } from './types.ts';
import { negotiate, readWireFormat, type WireFormat } from './wire-format.ts';

/** As much of a command is looked at; properties come behind the content of a message. */
const headBytes = 32 * 1024;

const reader = new CommandReader();
const properties = new PropertyCursor();

export class OpenWireParser implements Parser {
  readonly #session: Session;
  /** What each end offers. */
  readonly #offers: [WireFormat | null, WireFormat | null] = [null, null];
  /** What they agreed on; null until both have spoken. */
  #format: WireFormat | null = null;
  readonly #guess = new FormatGuess();
  readonly #caches: readonly [Map<number, Cached>, Map<number, Cached>] = [new Map(), new Map()];

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full, side } = input;
    const plausible = framePlausible(bytes, start, end);
    if (plausible === 'no') return lost;
    if (plausible === 'more') return full ? end : start;
    const next = start + 4 + bytes.readUInt32BE(start);
    const head = Math.min(next, start + headBytes);
    if (head > end && !full) return start;
    const limit = Math.min(head, end);
    const code = bytes[start + 4]!;
    const message = this.#session.begin('session', input);
    message.frameLength = next - start;
    if (code === codes.wireFormatInfo) {
      const offer = readWireFormat(bytes, start + 5, limit);
      if (offer === null) return lost;
      message.method = 'WireFormatInfo';
      message.version = String(offer.version);
      this.#offer(side, offer);
      this.#session.emit(message);
      return next;
    }
    // Parts of a command that was too long for a datagram.
    if (code === codes.partial || code === codes.lastPartial) return next;
    const format = this.#format ?? this.#guess.take(bytes, start, end);
    reader.read(bytes, start + 4, limit, format, this.#caches[side]);
    if (reader.bad) return lost;
    message.method = dataTypes[code]!.name;
    this.#command(message, code, bytes, limit);
    this.#session.emit(message);
    return next;
  }

  resume(input: Input): boolean {
    const { bytes, start, end } = input;
    if (framePlausible(bytes, start, end) !== 'yes') return false;
    if (bytes[start + 4] === codes.wireFormatInfo) return probeOpenWire(input) === 'either';
    const next = start + 4 + bytes.readUInt32BE(start);
    if (this.#format === null && next <= end) return this.#guess.resume(bytes, start, end);
    const format = this.#format ?? this.#guess.take(bytes, start, end);
    reader.read(bytes, start + 4, Math.min(next, end), format, new Map(this.#caches[input.side]));
    return !reader.bad && (reader.cut ? end - start > 64 : reader.at === next);
  }

  #offer(side: Side, offer: WireFormat): void {
    this.#offers[side] = offer;
    this.#caches[side].clear();
    const other = this.#offers[side === 0 ? 1 : 0];
    this.#format = other === null ? null : negotiate(offer, other);
    if (other === null) this.#guess.offered(offer);
  }

  #command(message: Message, code: number, bytes: Buffer, limit: number): void {
    const { side } = message;
    message.resource = reader.destination;
    message.endpoint = reader.destination;
    message.domain = reader.brokerUrl;
    if (reader.connectionId !== '') message.fact('connectionId', reader.connectionId);
    if (reader.responseRequired) message.fact('responseRequired', true);
    if (reader.clientId !== '') message.fact('clientId', reader.clientId);
    if (reader.subscription !== '') message.fact('subscription', reader.subscription);
    if (reader.destinationCode >= 102) message.fact('temporary', true);
    if (reader.messageId !== '') message.fact('messageId', reader.messageId);
    if (reader.jmsCorrelationId !== '') message.fact('jmsCorrelationId', reader.jmsCorrelationId);
    if (reader.replyTo !== '') message.fact('replyTo', reader.replyTo);
    if (reader.contentLength >= 0) message.fact('contentLength', reader.contentLength);
    if (reader.messageCount >= 0) message.fact('messageCount', reader.messageCount);
    if (code >= codes.firstResponse && code <= codes.lastResponse) {
      message.kind = 'response';
      this.#identify(message, reader.correlationId, side === 0 ? 1 : 0);
      message.status = 'ok';
    } else {
      if (reader.responseRequired) message.kind = 'request';
      this.#identify(message, reader.commandId, side);
      // A dispatch repeats the wish of the message's sender, who had its answer; what answers a KeepAliveInfo is one of the other end.
      if (code === codes.messageDispatch || code === codes.keepAlive) message.expectsReply = false;
    }
    if (code === codes.exceptionResponse || code === codes.connectionError) {
      message.status = side === 1 ? 'server_error' : 'client_error';
      message.result = reader.errorClass.slice(reader.errorClass.lastIndexOf('.') + 1);
      message.error = reader.errorText;
    }
    if (reader.propertiesLength > 0)
      this.#trace(message, bytes, reader.propertiesAt, Math.min(limit, reader.propertiesAt + reader.propertiesLength));
  }

  /** Both ends count for themselves. */
  #identify(message: Message, id: number, asker: Side): void {
    if (id < 0) return;
    message.id = asker === 0 ? id : `s${id}`;
    message.fact('requestId', id);
  }

  #trace(message: Message, bytes: Buffer, start: number, end: number): void {
    const { options } = this.#session;
    properties.begin(bytes, start, end);
    while (properties.next()) {
      if (properties.valueEnd < 0) continue;
      const name = findTraceHeader(bytes, properties.nameStart, properties.nameEnd, options);
      if (name !== '')
        offerTraceHeader(message, name, utf8(bytes, properties.valueStart, properties.valueEnd, 1024), options);
    }
  }
}
