/** Apache Thrift: binary (strict and old) and compact protocol, framed, unframed and in THeader. */

import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { describeCall, describeStatus, rpc } from '../rpc-attributes.ts';
import { messageTypes, ThriftHead } from './head.ts';
import { maxFrame, ThriftParser } from './parser.ts';

const thrift: Protocol = {
  name: 'thrift',
  label: 'Thrift',
  transports: ['tcp'],
  ports: [9090, 9091],
  probe,
  createParser: (session) => new ThriftParser(session),
  describe,
};

export default thrift;

const keys = {
  protocol: attributeKey('deepflow.thrift.protocol'),
  transport: attributeKey('deepflow.thrift.transport'),
  sequence: attributeKey('deepflow.thrift.sequence_id'),
  exceptionField: attributeKey('deepflow.thrift.exception_field'),
} as const;

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  const first = (request ?? response)!;
  describeCall(span, 'thrift', 'Thrift', first);
  span.text(keys.protocol, first.textFact('protocol'));
  span.text(keys.transport, first.textFact('transport'));
  span.int(keys.sequence, Number(first.facts?.get('requestId')));
  if (response === null) return;
  const field = response.facts?.get('exceptionField');
  if (typeof field === 'number') {
    // Which of its exceptions the method threw: only the interface file knows its name.
    span.int(keys.exceptionField, field);
    span.fail('declared_exception', `exception field ${field}`);
    return;
  }
  const exception = response.textFact('exception');
  if (exception === '') span.text(rpc.statusCode, 'OK');
  else describeStatus(span, response, exception);
}

const head = new ThriftHead();

function probe({ bytes, start, end, full }: Input): Verdict {
  const first = bytes[start]!;
  const more: Verdict = full ? 'no' : 'more';
  if (first === 0x80 || first === 0x82) return verdict(bytes, start, end, more);
  if (first > 0x3f) return 'no';
  if (end - start < 8) return more;
  const length = bytes.readUInt32BE(start);
  const mark = bytes.readUInt16BE(start + 4);
  if (mark === 0x0fff) {
    if (end - start < 16) return more;
    const headerWords = bytes.readUInt16BE(start + 12);
    const protocol = bytes[start + 14];
    const possible = length > 10 + 4 * headerWords && length <= maxFrame && headerWords > 0;
    return possible && (protocol === 0 || protocol === 2) ? headerVerdict(bytes, start, end, headerWords, more) : 'no';
  }
  if (mark === 0x8001 || mark >>> 8 === 0x82 || mark === 0) {
    if (length < 4 || length > maxFrame) return 'no';
    return verdict(bytes, start + 4, Math.min(end, start + 4 + length), end >= start + 4 + length ? 'no' : more);
  }
  return verdict(bytes, start, end, more);
}

/** Behind the header stands the message, unless it is transformed. */
function headerVerdict(bytes: Buffer, start: number, end: number, headerWords: number, more: Verdict): Verdict {
  if (bytes[start + 15] !== 0) return 'either';
  const payloadAt = start + 14 + 4 * headerWords;
  return verdict(bytes, payloadAt, end, more);
}

function verdict(bytes: Buffer, start: number, end: number, more: Verdict): Verdict {
  const found = head.read(bytes, start, end);
  if (found === 'bad') return 'no';
  if (found === 'more') return more;
  return head.type === messageTypes.call || head.type === messageTypes.oneWay ? 'client' : 'server';
}
