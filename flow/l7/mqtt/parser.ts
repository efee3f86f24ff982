/** Reads an MQTT connection: every packet is a message; packet identifiers pair what is acknowledged. */
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { word } from '../text.ts';
import {
  connectCodeName,
  isServerConnectCode,
  isServerReason,
  packetNames,
  packetTypes,
  reasonName,
} from './packets.ts';
import { flagsFit, lengthFits, probeMqtt } from './probe.ts';
import { Properties, readProperties, textEnd, varint, varintBytes } from './properties.ts';

/** As much of a packet is looked at: topic and properties. */
const headBytes = 4096;
/** Topics of one SUBSCRIBE that are noted. */
const maxTopics = 64;
/** Topic aliases kept of one side (§3.3.2.3.4). */
const maxAliases = 256;

const versionNames: Readonly<Record<number, string>> = { 3: '3.1', 4: '3.1.1', 5: '5' };

const found = new Properties();

/*
 * Packet: type and flags (1), remaining length (1 to 4, varint), then by type
 *   CONNECT      "MQTT" (2 + 4), level (1), flags (1), keep alive (2), properties*, client id, will, user, password
 *   CONNACK      flags (1), code (1), properties*
 *   PUBLISH      topic, packet id (2, QoS 1 and 2), properties*, payload
 *   PUBACK etc.  packet id (2), reason* (1), properties*; short forms leave out what is 0
 *   SUBSCRIBE    packet id (2), properties*, then topic filter and options (1) of each
 *   SUBACK       packet id (2), properties*, codes
 *   DISCONNECT   reason* (1), properties*        * version 5
 *
 * QoS 1: PUBLISH → PUBACK. QoS 2: PUBLISH → PUBREC, PUBREL → PUBCOMP. Both ends number their own packets.
 */
export class MqttParser implements Parser {
  readonly #session: Session;
  /** Protocol level of CONNECT; 0 while it is not known. */
  #level = 0;
  #clientId = '';
  readonly #aliases: readonly [Map<number, string>, Map<number, string>] = [new Map(), new Map()];

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    const first = bytes[start]!;
    const type = first >> 4;
    if (!flagsFit(first) || !mayBeSent(type, input.side)) return lost;
    const length = varint(bytes, start + 1, end);
    if (length < 0) return end - start < 5 ? (input.full ? end : start) : lost;
    if (!lengthFits(type, length)) return lost;
    const body = start + 1 + varintBytes(length);
    const next = body + length;
    const head = Math.min(next, start + headBytes);
    if (head > end && !input.full) return start;
    const limit = Math.min(head, end);
    if (type === packetTypes.connect && probeMqtt(input) !== 'client') return lost;
    const message = this.#session.begin('session', input);
    message.method = packetNames[type]!;
    if (this.#level !== 0) message.version = versionNames[this.#level]!;
    if (this.#clientId !== '') message.fact('clientId', this.#clientId);
    if (!this.#packet(message, type, first, bytes, body, limit, next)) return lost;
    this.#session.emit(message);
    return next;
  }

  /** After a gap: a row of packets that this side may send. */
  resume(input: Input): boolean {
    const { bytes, start, end, side } = input;
    let at = start;
    let count = 0;
    while (at < end && count < 8) {
      const type = bytes[at]! >> 4;
      if (!flagsFit(bytes[at]!) || !mayBeSent(type, side)) return false;
      const length = varint(bytes, at + 1, end);
      if (length < 0 || !lengthFits(type, length)) return false;
      at += 1 + varintBytes(length) + length;
      if (at <= end) count++;
    }
    return count > 0;
  }

  gap(side: Side): void {
    this.#aliases[side].clear();
  }

  #packet(
    message: Message,
    type: number,
    first: number,
    bytes: Buffer,
    body: number,
    limit: number,
    next: number,
  ): boolean {
    switch (type) {
      case packetTypes.connect:
        message.kind = 'request';
        this.#connect(message, bytes, body, limit);
        return true;
      case packetTypes.connack:
        message.kind = 'response';
        this.#connack(message, bytes, body, limit, next);
        return true;
      case packetTypes.publish:
        return this.#publish(message, first, bytes, body, limit, next);
      case packetTypes.pubrel:
        message.kind = 'request';
        this.#identify(message, bytes, body, limit, message.side);
        this.#reason(message, bytes, body + 2, limit, next);
        return true;
      case packetTypes.puback:
      case packetTypes.pubrec:
      case packetTypes.pubcomp:
        message.kind = 'response';
        this.#identify(message, bytes, body, limit, message.side === 0 ? 1 : 0);
        message.status = 'ok';
        this.#reason(message, bytes, body + 2, limit, next);
        return true;
      case packetTypes.subscribe:
      case packetTypes.unsubscribe:
        message.kind = 'request';
        this.#identify(message, bytes, body, limit, 0);
        return this.#subscribe(message, type === packetTypes.subscribe, bytes, body + 2, limit, next);
      case packetTypes.suback:
      case packetTypes.unsuback:
        message.kind = 'response';
        this.#identify(message, bytes, body, limit, 0);
        this.#subscribed(message, bytes, body + 2, limit);
        return true;
      case packetTypes.pingreq:
        message.kind = 'request';
        return true;
      case packetTypes.pingresp:
        message.kind = 'response';
        message.status = 'ok';
        return true;
      default:
        // DISCONNECT and AUTH: a reason and properties in version 5, else nothing.
        this.#reason(message, bytes, body, limit, next);
        return true;
    }
  }

  /** The identifier pairs within the numbers of the end that began: `owner`. */
  #identify(message: Message, bytes: Buffer, at: number, limit: number, owner: Side): void {
    if (limit - at < 2) return;
    const id = bytes.readUInt16BE(at);
    message.id = owner === 0 ? id : `s${id}`;
    if (owner === 1) message.fact('requestId', id);
  }

  #connect(message: Message, bytes: Buffer, body: number, limit: number): void {
    let at = body + 2 + bytes.readUInt16BE(body);
    if (limit - at < 4) return;
    this.#level = bytes[at]! & 0x7f;
    this.#aliases[0].clear();
    this.#aliases[1].clear();
    message.version = versionNames[this.#level]!;
    message.fact('cleanSession', (bytes[at + 1]! & 2) !== 0);
    message.fact('keepAliveSeconds', bytes.readUInt16BE(at + 2));
    at += 4;
    if (this.#level === 5) {
      readProperties(found, message, bytes, at, limit, this.#session.options);
      if (found.next < 0) return;
      at = found.next;
    }
    const end = textEnd(bytes, at, limit);
    if (end < 0) return;
    this.#clientId = word(bytes, at + 2, end);
    message.domain = this.#clientId;
    if (this.#clientId !== '') message.fact('clientId', this.#clientId);
  }

  #connack(message: Message, bytes: Buffer, body: number, limit: number, next: number): void {
    if (limit - body < 2) return;
    // Only version 5 has more than two bytes.
    if (this.#level === 0) this.#level = next - body > 2 ? 5 : 4;
    const code = bytes[body + 1]!;
    message.statusCode = code;
    message.status = 'ok';
    if (this.#level === 5 && next - body > 2) {
      readProperties(found, message, bytes, body + 2, limit, this.#session.options);
      if (this.#clientId === '' && found.clientId !== '') this.#clientId = found.clientId;
      if (code >= 128) fail(message, code, found.reason);
      return;
    }
    if (code === 0) return;
    message.status = isServerConnectCode(code) ? 'server_error' : 'client_error';
    message.result = connectCodeName(code);
  }

  #publish(message: Message, first: number, bytes: Buffer, body: number, limit: number, next: number): boolean {
    const qos = (first >> 1) & 3;
    const end = textEnd(bytes, body, limit);
    if (end < 0) return next - body > headBytes && body + 2 + bytes.readUInt16BE(body) <= next;
    let at = end;
    message.resource = word(bytes, body + 2, end);
    message.fact('qos', qos);
    message.fact('retain', (first & 1) !== 0);
    message.fact('dup', (first & 8) !== 0);
    if (qos > 0) {
      if (at + 2 > next) return false;
      message.kind = 'request';
      this.#identify(message, bytes, at, limit, message.side);
      at += 2;
    }
    // Only an alias may take the place of a topic.
    if (this.#level === 0 && message.resource === '') this.#level = 5;
    if (this.#level === 5) {
      readProperties(found, message, bytes, at, limit, this.#session.options);
      if (found.next >= 0) {
        at = found.next;
        this.#alias(message);
        if (found.responseTopic !== '') message.fact('responseTopic', found.responseTopic);
        if (found.correlation !== '') message.fact('correlationId', found.correlation);
      }
    }
    message.endpoint = message.resource;
    message.fact('payloadSize', Math.max(0, next - at));
    return true;
  }

  #alias(message: Message): void {
    const alias = found.topicAlias;
    if (alias === 0) return;
    const aliases = this.#aliases[message.side];
    if (message.resource === '') message.resource = aliases.get(alias) ?? '';
    else if (aliases.size < maxAliases || aliases.has(alias)) aliases.set(alias, message.resource);
  }

  #subscribe(
    message: Message,
    withOptions: boolean,
    bytes: Buffer,
    body: number,
    limit: number,
    next: number,
  ): boolean {
    let at = body;
    if (this.#level === 0) this.#level = filtersFit(bytes, body, limit, withOptions) ? 4 : 5;
    if (this.#level === 5) {
      readProperties(found, message, bytes, at, limit, this.#session.options);
      if (found.next < 0) return limit < next;
      at = found.next;
    }
    const topics: { name: string; qos?: number }[] = [];
    let names = '';
    while (at < limit && topics.length < maxTopics) {
      const end = textEnd(bytes, at, limit);
      if (end < 0 || (withOptions && end >= limit)) break;
      const name = word(bytes, at + 2, end);
      topics.push(withOptions ? { name, qos: bytes[end]! & 3 } : { name });
      names = names === '' ? name : `${names},${name}`;
      at = withOptions ? end + 1 : end;
    }
    if (at < limit && limit === next && topics.length < maxTopics) return false;
    message.resource = names;
    message.fact('topics', topics);
    return true;
  }

  /** The first code that is a refusal. */
  #subscribed(message: Message, bytes: Buffer, body: number, limit: number): void {
    let at = body;
    message.status = 'ok';
    if (this.#level === 5) {
      readProperties(found, message, bytes, at, limit, this.#session.options);
      if (found.next < 0) return;
      at = found.next;
    }
    for (; at < limit; at++) {
      if (bytes[at]! < 128) continue;
      fail(message, bytes[at]!, this.#level === 5 ? found.reason : '');
      return;
    }
  }

  /** The reason code of version 5, left out when it is 0. */
  #reason(message: Message, bytes: Buffer, at: number, limit: number, next: number): void {
    if (at >= limit) return;
    if (this.#level === 0) this.#level = 5;
    if (this.#level !== 5) return;
    const code = bytes[at]!;
    message.statusCode = code;
    found.reason = '';
    if (next - at > 1) readProperties(found, message, bytes, at + 1, limit, this.#session.options);
    if (code >= 128) fail(message, code, found.reason);
    else if (code > 0) message.result = reasonName(code);
  }
}

function fail(message: Message, code: number, text: string): void {
  message.statusCode = code;
  message.status = isServerReason(code) ? 'server_error' : 'client_error';
  message.result = reasonName(code);
  message.error = text;
}

function mayBeSent(type: number, side: Side): boolean {
  switch (type) {
    case packetTypes.connect:
    case packetTypes.subscribe:
    case packetTypes.unsubscribe:
    case packetTypes.pingreq:
      return side === 0;
    case packetTypes.connack:
    case packetTypes.suback:
    case packetTypes.unsuback:
    case packetTypes.pingresp:
      return side === 1;
    default:
      return true;
  }
}

/** Whether the filters of version 3 fill the packet, so that there are no properties. */
function filtersFit(bytes: Buffer, body: number, end: number, withOptions: boolean): boolean {
  let at = body;
  for (let count = 0; at < end && count < maxTopics; count++) {
    const next = textEnd(bytes, at, end);
    if (next < 0 || next === at + 2 || (withOptions && (next >= end || bytes[next]! > 2))) return false;
    at = withOptions ? next + 1 : next;
  }
  return true;
}
