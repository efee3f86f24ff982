/** bRPC's baidu_std protocol and its streams, as brpc's documentation and protobuf files have them. */

import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { describeCall, describeStatus } from '../rpc-attributes.ts';
import { startsWith } from '../text.ts';
import { errorName } from './codes.ts';
import { BrpcParser, headBytes, maxBody } from './parser.ts';

const brpc: Protocol = {
  name: 'brpc',
  label: 'bRPC',
  transports: ['tcp'],
  ports: [8000, 8002, 8010],
  probe,
  createParser: (session) => new BrpcParser(session),
  describe,
};

export default brpc;

const keys = {
  logId: attributeKey('deepflow.brpc.log_id'),
  compression: attributeKey('deepflow.brpc.compression'),
  requestAttachment: attributeKey('deepflow.brpc.request.attachment_size'),
  responseAttachment: attributeKey('deepflow.brpc.response.attachment_size'),
  timeout: attributeKey('deepflow.brpc.timeout_ms'),
  stream: attributeKey('deepflow.brpc.stream'),
} as const;

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  describeCall(span, 'brpc', 'bRPC', request);
  const facts = request?.facts;
  if (facts) {
    const logId = facts.get('logId');
    if (typeof logId === 'number' && logId !== 0) span.int(keys.logId, logId);
    const timeoutMs = facts.get('timeoutMs');
    if (typeof timeoutMs === 'number') span.int(keys.timeout, timeoutMs);
    const attachment = facts.get('attachmentSize');
    if (typeof attachment === 'number') span.int(keys.requestAttachment, attachment);
    if (facts.has('stream')) span.bool(keys.stream, true);
    span.text(keys.compression, String(facts.get('compression') ?? ''));
  }
  if (response === null) return;
  const attachment = response.facts?.get('attachmentSize');
  if (typeof attachment === 'number') span.int(keys.responseAttachment, attachment);
  describeStatus(span, response, errorName(Number(response.statusCode)));
}

/** The first field of the meta data tells who speaks: a request has one, a response another. */
function probe({ bytes, start, end, full }: Input): Verdict {
  const available = end - start;
  const mark = bytes[start] === 0x53 ? 'STRM' : 'PRPC';
  if (!startsWith(bytes, start, end, mark.slice(0, Math.min(4, available)))) return 'no';
  if (available <= headBytes) return full ? 'no' : 'more';
  const body = bytes.readUInt32BE(start + 4);
  if (body > maxBody || bytes.readUInt32BE(start + 8) > body) return 'no';
  if (mark === 'STRM') return 'either';
  switch (bytes[start + headBytes]) {
    case 0x0a:
      return 'client';
    case 0x12:
      return 'server';
    default:
      return 'either';
  }
}
