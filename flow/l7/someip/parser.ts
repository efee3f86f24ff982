/**
 * Reads SOME/IP messages (AUTOSAR FO PRS_SOMEIPProtocol R22-11, §4.1): UDP datagrams that hold one or several, or a TCP stream of them.
 *
 *   0  u16 service id        4  u32 length, of what follows it      8  u16 client id       12  u8 protocol version, 1
 *   2  u16 method or event                                         10  u16 session id      13  u8 interface version
 *                                                                                          14  u8 message type
 *                                                                                          15  u8 return code
 *   16 payload; of a segment (type bit 0x20, SOME/IP-TP): u32 offset of the segment, lowest bit: more segments follow
 */
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { clientFaults, messageTypes, segmentBit } from './codes.ts';
import { isDiscovery, readDiscovery } from './discovery.ts';

export const headerBytes = 16;
/** What the length field counts of the header. */
export const countedHeader = 8;

const cookie = 0xdeadbeef;

export class SomeIpParser implements Parser {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    if (end - start < headerBytes) return input.full ? lost : start;
    const length = bytes.readUInt32BE(start + 4);
    const type = messageTypes[bytes[start + 14]! & ~segmentBit];
    if (length < countedHeader || bytes[start + 12] !== 1 || type === undefined) return lost;
    const next = start + 8 + length;
    if (isCookie(bytes, start)) return next;
    const segmented = (bytes[start + 14]! & segmentBit) !== 0;
    let offset = 0;
    let more = false;
    if (segmented) {
      if (end - start < headerBytes + 4) return input.full ? next : start;
      const field = bytes.readUInt32BE(start + headerBytes);
      offset = field & ~0xf;
      more = (field & 1) !== 0;
    }
    const discovery = isDiscovery(bytes, start);
    if (discovery && next > end && !input.full) return start;
    // Of a request in segments the first is the request; of a response the last ends it.
    if (segmented && offset !== 0 && type.kind !== 'response') return next;
    const message = this.#session.begin(type.kind, input);
    message.method = type.name;
    message.more = more && type.kind === 'response';
    this.#header(message, bytes, start, segmented);
    if (discovery) readDiscovery(message, bytes, start + headerBytes, Math.min(next, end));
    this.#session.emit(message);
    return next;
  }

  #header(message: Message, bytes: Buffer, start: number, segmented: boolean): void {
    const service = bytes.readUInt16BE(start);
    const method = bytes.readUInt16BE(start + 2);
    const client = bytes.readUInt16BE(start + 8);
    const session = bytes.readUInt16BE(start + 10);
    const code = bytes[start + 15]!;
    message.resource = String(service);
    message.endpoint = String(method);
    message.version = `${bytes[start + 12]}/${bytes[start + 13]}`;
    message.length = bytes.readUInt32BE(start + 4) - countedHeader;
    message.fact('requestId', session);
    message.fact('clientId', client);
    message.fact('serviceId', service);
    message.fact('methodId', method);
    if (segmented) message.fact('segmented', true);
    // A request is told by service, method, client and session; the session alone is counted per client.
    if (message.kind !== 'session') message.id = `${service}.${method}.${client}.${session}`;
    if (message.kind !== 'response') return;
    message.statusCode = code;
    message.status =
      code === 0 && message.method !== 'ERROR' ? 'ok' : clientFaults.has(code) ? 'client_error' : 'server_error';
  }
}

/** A mark that clients and servers put into TCP streams to find the beginning of a message again (§4.2.1.3). */
function isCookie(bytes: Buffer, start: number): boolean {
  return (
    bytes.readUInt16BE(start) === 0xffff &&
    (bytes[start + 2]! & 0x7f) === 0 &&
    bytes[start + 3] === 0 &&
    bytes.readUInt32BE(start + 8) === cookie
  );
}
