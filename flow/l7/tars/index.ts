/** Tars and TUP, the RPC of TarsCloud: packets of tagged fields (RequestF.tars, and the Tars codec's description). */

import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { describeCall, describeStatus } from '../rpc-attributes.ts';
import { codeName } from './codes.ts';
import { fieldTypes, TarsFields } from './fields.ts';
import { maxPacket, minPacket, TarsParser } from './parser.ts';

const tars: Protocol = {
  name: 'tars',
  label: 'Tars',
  transports: ['tcp', 'udp'],
  ports: [18993, 17890, 17891],
  probe,
  createParser: (session) => new TarsParser(session),
  describe,
};

export default tars;

const timeout = attributeKey('deepflow.tars.timeout_ms');

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  describeCall(span, 'tars', 'Tars', request);
  span.protocolVersion = (request ?? response)!.version;
  const timeoutMs = request?.facts?.get('timeoutMs');
  if (typeof timeoutMs === 'number') span.int(timeout, timeoutMs);
  if (response !== null) describeStatus(span, response, codeName(Number(response.statusCode)));
}

/** The first five fields are of fixed types, and the fifth tells a request from a response. */
function probe({ bytes, start, end, full }: Input): Verdict {
  const available = end - start;
  if (bytes[start]! > 6) return 'no';
  if (available >= 6 && (bytes[start + 4] !== 0x10 || !isVersion(bytes[start + 5]!))) return 'no';
  if (available < minPacket) return full ? 'no' : 'more';
  const length = bytes.readUInt32BE(start);
  if (length < minPacket || length > maxPacket) return 'no';
  // The bytes may end within a field.
  const undecided: Verdict = available < 80 && !full ? 'more' : 'no';
  const fields = new TarsFields(bytes, start + 6, Math.min(end, start + length));
  let tags = 0;
  while (fields.next()) {
    if (fields.tag === 5 && (fields.type === fieldTypes.text1 || fields.type === fieldTypes.text4)) {
      const name = fields.readText();
      if (name === null) return undecided;
      // Servants are named `application.server.object`.
      return (tags & (1 << 4)) !== 0 && name.length > 2 && name.includes('.') ? 'client' : 'no';
    }
    if (fields.tag === 6 && fields.type === fieldTypes.simpleList) return (tags & (1 << 3)) !== 0 ? 'server' : 'no';
    if (fields.tag < 2 || fields.tag > 5 || (tags & (1 << fields.tag)) !== 0) return 'no';
    if (!fields.readNumber()) return fields.type <= 3 ? undecided : 'no';
    tags |= 1 << fields.tag;
  }
  return undecided;
}

function isVersion(version: number): boolean {
  return version >= 1 && version <= 5 && version !== 4;
}
