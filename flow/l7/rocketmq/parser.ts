/** Reads a RocketMQ connection: commands of both ends, paired by their opaque number. */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { requestName, responseName, responseStatus, versionName } from './codes.ts';
import { Header, prefixBytes } from './header.ts';
import { lengthsFit, probeRocketMq } from './probe.ts';
import { StoredMessages } from './stored-messages.ts';

/** Of a body so much is looked at: the first messages of an answer to a pull. */
const bodyBytes = 16 * 1024;
/** Stored messages whose properties are looked at. */
const maxMessages = 8;

const header = new Header();
const stored = new StoredMessages();

/** Requests whose answers have stored messages in their body. */
const pulls: ReadonlySet<string> = new Set(['PULL_MESSAGE', 'LITE_PULL_MESSAGE', 'POP_MESSAGE', 'PEEK_MESSAGE']);
/** Requests that shorten the names of their fields to one letter. */
const shortNames: ReadonlySet<string> = new Set(['SEND_MESSAGE_V2', 'SEND_BATCH_MESSAGE', 'SEND_REPLY_MESSAGE_V2']);

export class RocketMqParser implements Parser {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    const lengths = lengthsFit(bytes, start, end);
    if (lengths === 'no') return lost;
    if (lengths === 'more') return full ? end : start;
    const next = start + 4 + bytes.readUInt32BE(start);
    const headerEnd = start + prefixBytes + (bytes.readUInt32BE(start + 4) & 0xff_ffff);
    const head = Math.min(next, headerEnd + bodyBytes);
    if (headerEnd > end) return full ? end : start;
    if (head > end && !full) return start;
    if (!header.read(bytes[start + 4]!, bytes, start + prefixBytes, headerEnd)) return lost;
    const message = this.#session.begin('request', input);
    message.version = versionName(header.version);
    message.frameLength = next - start;
    if (header.isResponse) this.#response(message, bytes, headerEnd, Math.min(head, end));
    else this.#request(message);
    this.#session.emit(message);
    return next;
  }

  /** After a gap both ends may begin with either. */
  resume(input: Input): boolean {
    return probeRocketMq(input) !== 'no' && input.length > prefixBytes + 20;
  }

  #request(message: Message): void {
    if (header.isOneWay) message.kind = 'session';
    message.method = requestName(header.code) || `REQUEST_${header.code}`;
    message.fact('requestCode', header.code);
    this.#identify(message, message.side);
    const short = shortNames.has(message.method);
    const topic = header.field(short ? 'b' : 'topic');
    const queueId = header.field(short ? 'e' : 'queueId');
    message.resource = topic;
    message.domain = group(short);
    if (queueId !== '') message.fact('queueId', queueId);
    message.endpoint = queueId === '' ? topic : `${topic}-${queueId}`;
    const offset = Number(header.field('queueOffset') || header.field('commitOffset') || Number.NaN);
    if (Number.isSafeInteger(offset)) message.fact('offset', offset);
    const properties = header.field(short ? 'i' : 'properties');
    if (properties !== '') this.#properties(message, properties);
  }

  #response(message: Message, bytes: Buffer, bodyStart: number, bodyEnd: number): void {
    const { code, remark } = header;
    message.kind = 'response';
    this.#identify(message, message.side === 0 ? 1 : 0);
    message.statusCode = code;
    message.status = responseStatus(code);
    message.result = responseName(code);
    if (remark !== '') {
      message.fact('remark', remark);
      if (message.status !== 'ok') message.error = remark.slice(0, this.#session.options.maxText);
    }
    const request = this.#session.pending(message.id);
    if (request !== undefined) message.method = request.method;
    const messageId = header.field('msgId');
    if (messageId !== '') message.fact('messageId', messageId);
    if (code !== 0 || bodyEnd <= bodyStart || (request !== undefined && !pulls.has(request.method))) return;
    stored.begin(bytes, bodyStart, bodyEnd);
    while (stored.count < maxMessages && stored.next()) {
      if (stored.count === 1 || message.trace === null) this.#properties(message, stored.properties);
    }
    if (stored.count > 0) message.fact('messageCount', stored.count);
  }

  /** Both ends count for themselves. */
  #identify(message: Message, asker: 0 | 1): void {
    message.id = asker === 0 ? header.opaque : `s${header.opaque}`;
    if (asker === 1) message.fact('requestId', header.opaque);
  }

  /** Names and values, the name before 1, the value before 2. */
  #properties(message: Message, properties: string): void {
    let at = 0;
    while (at < properties.length) {
      const middle = properties.indexOf('\u0001', at);
      if (middle < 0) return;
      let end = properties.indexOf('\u0002', middle);
      if (end < 0) end = properties.length;
      const name = properties.slice(at, middle);
      const value = properties.slice(middle + 1, end);
      if (name === 'UNIQ_KEY') {
        if (!(message.facts?.has('messageKey') ?? false)) message.fact('messageKey', value);
      } else if (name === 'TAGS') message.fact('tags', value);
      else if (name === 'KEYS') message.fact('keys', value);
      else offerTraceHeader(message, name, value, this.#session.options);
      at = end + 1;
    }
  }
}

/** Who asks: a group of producers or of consumers. */
function group(short: boolean): string {
  if (short) return header.field('a');
  return header.field('consumerGroup') || header.field('producerGroup') || header.field('group');
}
