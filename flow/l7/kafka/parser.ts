/** Reads a Kafka connection: requests tell their API, responses are read by what was asked under their correlation id. */
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { word } from '../text.ts';
import { errorName } from './error-codes.ts';
import { maxRequestBytes, maxResponseBytes, probeKafka } from './probe.ts';
import { readRecords } from './records.ts';
import { SchemaReader } from './schema-reader.ts';
import { requestSchemas, responseSchemas } from './schemas.ts';
import { type Api, apiByName, apiKeys, apis, hasFlexibleResponseHeader, isFlexible, versionTexts } from './versions.ts';

/** As much of a message is looked at; the rest passes unseen. Of Metadata more, for it teaches the names of topics. */
const headBytes = 8 * 1024;
const metadataHeadBytes = 60 * 1024;

const reader = new SchemaReader();

export class KafkaParser implements Parser {
  readonly #session: Session;
  /** After SaslHandshake 0 the mechanism's own messages follow in bare frames (KIP-43). */
  readonly #bareSasl: [client: boolean, server: boolean] = [false, false];
  /** A response of this stream was recognised since its last gap. */
  #aligned = false;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    return input.side === 0 ? this.#request(input) : this.#response(input);
  }

  /** After a gap a response is recognised by the request that waits for it. */
  resume(input: Input): boolean {
    if (input.side === 0) return probeKafka(input) === 'client';
    if (input.length < 8) return false;
    const size = input.bytes.readUInt32BE(input.start);
    return (
      size >= 4 &&
      size <= maxResponseBytes &&
      this.#session.pending(input.bytes.readInt32BE(input.start + 4)) !== undefined
    );
  }

  gap(side: 0 | 1): void {
    if (side === 1) this.#aligned = false;
  }

  #request(input: Input): number {
    const { bytes, start, end } = input;
    if (end - start < 14 && !input.full) return start;
    const verdict = probeKafka(input);
    if (verdict === 'no') return this.#bareSasl[0] ? skipFrame(input, maxRequestBytes) : lost;
    if (verdict === 'more') return start;
    const size = bytes.readUInt32BE(start);
    const next = start + 4 + size;
    const head = Math.min(next, start + headBytes);
    if (head > end && !input.full) return start;
    this.#bareSasl[0] = false;
    const api = apis[bytes.readUInt16BE(start + 4)]!;
    const version = bytes.readUInt16BE(start + 6);
    const message = this.#session.begin('request', input);
    message.method = api.name;
    message.version = versionTexts[version]!;
    message.id = bytes.readInt32BE(start + 8);
    message.length = size;
    let at = start + 14;
    if (api.key !== apiKeys.controlledShutdown || version > 0) {
      const length = bytes.readInt16BE(start + 12);
      if (length > 0) {
        message.fact('clientId', word(bytes, at, at + length));
        at += length;
      }
    } else at = start + 12;
    const flexible = isFlexible(api, version);
    if (flexible) at = skipTags(bytes, at, Math.min(head, end));
    reader.read(requestSchemas[api.key]!, bytes, at, Math.min(head, end), version, flexible);
    this.#describeRequest(message, api);
    if (api.key === apiKeys.produce) {
      // Nobody answers a Produce with acks=0.
      if (reader.acks === 0) message.kind = 'session';
      message.fact('acks', reader.acks);
    }
    if (reader.recordsLength > 0) this.#records(message, input, head);
    if (api.key === apiKeys.saslHandshake && version === 0) this.#bareSasl.fill(true);
    this.#session.emit(message);
    return next;
  }

  #describeRequest(message: Message, api: Api): void {
    message.domain = reader.topic;
    if (reader.topic !== '') {
      message.endpoint = reader.partition < 0 ? reader.topic : `${reader.topic}-${reader.partition}`;
      message.resource = reader.offset < 0 ? message.endpoint : `${message.endpoint}:${reader.offset}`;
    }
    if (reader.topics > 1) message.fact('topics', reader.topics);
    if (reader.partition >= 0) message.fact('partition', reader.partition);
    if (reader.offset >= 0) message.fact('offset', reader.offset);
    if (reader.transactionalId !== '') message.fact('transactionalId', reader.transactionalId);
    if (reader.memberId !== '') message.fact('memberId', reader.memberId);
    if (reader.mechanism !== '') message.fact('mechanism', reader.mechanism);
    let group = reader.groupId;
    // FindCoordinator asks for a group (0), a transaction (1) or a share partition (2).
    if (reader.key !== '') {
      if (reader.keyType === 0) group = reader.key;
      else if (reader.keyType === 1) message.fact('transactionalId', reader.key);
    }
    if (group !== '') {
      message.fact('groupId', group);
      if (message.resource === '') message.resource = group;
    }
    if (message.resource === '' && api.key === apiKeys.saslHandshake) message.resource = reader.mechanism;
  }

  #response(input: Input): number {
    const { bytes, start, end } = input;
    if (end - start < 4) return input.full ? end : start;
    const size = bytes.readUInt32BE(start);
    if (size < 4 || size > maxResponseBytes) return this.#bareSasl[1] ? skipFrame(input, maxResponseBytes) : lost;
    if (end - start < 8) return input.full ? end : start;
    const next = start + 4 + size;
    const id = bytes.readInt32BE(start + 4);
    const request = this.#session.pending(id);
    if (request === undefined) {
      if (this.#bareSasl[1]) return skipFrame(input, maxResponseBytes);
      // Answers a request that was not seen; only worth a word when the stream is known to be aligned.
      if (!this.#aligned) return next === end ? next : lost;
      const message = this.#session.begin('response', input);
      message.id = id;
      message.length = size;
      this.#session.emit(message);
      return next;
    }
    const api = apiByName.get(request.method)!;
    const head = Math.min(next, start + (api.key === apiKeys.metadata ? metadataHeadBytes : headBytes));
    if (head > end && !input.full) return start;
    this.#aligned = true;
    if (api.key !== apiKeys.saslHandshake) this.#bareSasl[1] = false;
    const version = Number(request.version);
    const message = this.#session.begin('response', input);
    message.id = id;
    message.method = api.name;
    message.version = request.version;
    message.length = size;
    const limit = Math.min(head, end);
    let at = start + 8;
    if (hasFlexibleResponseHeader(api, version)) at = skipTags(bytes, at, limit);
    reader.read(responseSchemas[api.key]!, bytes, at, limit, version, isFlexible(api, version));
    this.#describeResponse(message, api);
    if (reader.recordsLength > 0) this.#records(message, input, limit);
    this.#session.emit(message);
    return next;
  }

  #describeResponse(message: Message, api: Api): void {
    const { error } = reader;
    if (error === null || error === 0) {
      message.statusCode = 0;
      message.status = 'ok';
    } else {
      message.statusCode = error;
      message.status = 'server_error';
      message.result = errorName(error);
      message.error = reader.errorMessage;
    }
    if (api.key !== apiKeys.metadata) message.domain = reader.topic;
    if (api.key === apiKeys.produce && reader.offset >= 0) message.fact('offset', reader.offset);
    if (reader.throttleMs > 0) message.fact('throttleMs', reader.throttleMs);
  }

  #records(message: Message, input: Input, limit: number): void {
    const end = Math.min(reader.recordsAt + reader.recordsLength, limit, input.end);
    readRecords(message, input.bytes, reader.recordsAt, end, this.#session.options);
  }
}

/** A frame of which only its size is understood. */
function skipFrame({ bytes, start, end, full }: Input, max: number): number {
  if (end - start < 4) return full ? end : start;
  const size = bytes.readUInt32BE(start);
  return size > max ? lost : start + 4 + size;
}

/** Steps over the tagged fields at `at`; `end` when they are not there in full. */
function skipTags(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return end;
  const count = bytes[at++]!;
  if (count > 32) return end;
  for (let index = 0; index < count; index++) {
    // Tag and length are small numbers in everything that was ever defined for a header.
    if (end - at < 2 || bytes[at]! > 0x7f || bytes[at + 1]! > 0x7f) return end;
    at += 2 + bytes[at + 1]!;
  }
  return Math.min(at, end);
}
