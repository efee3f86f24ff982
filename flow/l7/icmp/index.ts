/**
 * ICMP and ICMPv6 echo, "ping": RFC 792 and RFC 4443 §4. A message is what follows the IP header.
 *
 *   type:1  code:1  checksum:2  identifier:2  sequence:2  data
 */
import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost, type Parser, type Protocol, type Verdict } from '../protocol.ts';
import type { Session } from '../session.ts';

const headerBytes = 8;
const echoRequests: readonly number[] = [8, 128];
const echoReplies: readonly number[] = [0, 129];

const identifier = attributeKey('deepflow.icmp.identifier');
const sequence = attributeKey('deepflow.icmp.sequence');
const dataSize = attributeKey('deepflow.icmp.data.size');

function probe({ bytes, start, end }: Input): Verdict {
  if (end - start < headerBytes || bytes[start + 1] !== 0) return 'no';
  const type = bytes[start]!;
  return echoRequests.includes(type) ? 'client' : echoReplies.includes(type) ? 'server' : 'no';
}

function createParser(session: Session): Parser {
  return {
    read(input) {
      const { bytes, start, end } = input;
      if (end - start < headerBytes) return lost;
      const type = bytes[start]!;
      const isRequest = echoRequests.includes(type);
      // Other messages between the same hosts are no calls.
      if (!isRequest && !echoReplies.includes(type)) return end;
      const message = session.begin(isRequest ? 'request' : 'response', input);
      const id = bytes.readUInt16BE(start + 4);
      const number = bytes.readUInt16BE(start + 6);
      message.id = id * 0x10000 + number;
      message.method = 'Echo';
      message.resource = String(id);
      message.version = type >= 128 ? '6' : '4';
      message.length = end - start - headerBytes;
      message.fact('requestId', number);
      if (!isRequest) message.status = 'ok';
      session.emit(message);
      return end;
    },
  };
}

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  const message = request ?? response!;
  span.name = 'ICMP Echo';
  span.protocolName = 'icmp';
  span.protocolVersion = message.version;
  span.int(identifier, Number(message.resource));
  span.int(sequence, Number(message.textFact('requestId')));
  span.int(dataSize, message.length);
}

const icmp: Protocol = {
  name: 'icmp',
  label: 'ICMP',
  transports: ['icmp'],
  ports: [],
  timeoutSeconds: 15,
  probe,
  createParser,
  describe,
};

export default icmp;
