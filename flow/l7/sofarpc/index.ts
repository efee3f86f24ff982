/** SOFARPC and plain Bolt: the protocols Bolt v1 and v2 of sofa-bolt, with contents in sofa-hessian. */

import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Protocol, Verdict } from '../protocol.ts';
import { describeCall, describeStatus } from '../rpc-attributes.ts';
import { codecs, commandCodes, commandTypes, statusNames } from './codes.ts';
import { BoltFrame } from './frame.ts';
import { BoltParser } from './parser.ts';

const sofarpc: Protocol = {
  name: 'sofarpc',
  label: 'SOFARPC',
  transports: ['tcp'],
  ports: [12200, 12201],
  probe,
  createParser: (session) => new BoltParser(session),
  describe,
};

export default sofarpc;

const keys = {
  codec: attributeKey('deepflow.sofarpc.codec'),
  targetApp: attributeKey('deepflow.sofarpc.target_app'),
  timeout: attributeKey('deepflow.sofarpc.timeout_ms'),
} as const;

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  describeCall(span, 'sofarpc', 'SOFARPC', request);
  const first = (request ?? response)!;
  span.protocolVersion = first.version;
  span.text(keys.codec, first.textFact('codec'));
  if (request !== null) {
    span.text(keys.targetApp, request.textFact('targetApp'));
    const timeoutMs = request.facts?.get('timeoutMs');
    if (typeof timeoutMs === 'number') span.int(keys.timeout, timeoutMs);
  }
  if (response === null) return;
  const code = Number(response.statusCode);
  describeStatus(span, response, statusNames[code] ?? String(code));
  // The transport went well, the service did not.
  if (span.failed) return;
  const exception = response.textFact('exception');
  if (exception !== '') span.fail(exception, response.error);
  else if (response.facts?.has('failed') === true) span.fail('SofaRpcException', response.error);
}

const frame = new BoltFrame();

/** The head has small numbers at fixed places; a class name of Java, when there is one, makes it sure. */
function probe({ bytes, start, end, full }: Input): Verdict {
  const found = frame.read(bytes, start, end);
  if (found === false) return 'no';
  if (found === undefined) return full ? 'no' : 'more';
  const heartbeat = frame.command === commandCodes.heartbeat;
  if (codecs[frame.codec] === undefined || (frame.status > 0 && statusNames[frame.status] === undefined)) return 'no';
  if (heartbeat) return frame.next - frame.classAt > 1024 ? 'no' : 'either';
  if (!isClassName(bytes, frame.classAt, Math.min(frame.headerAt, end))) return 'no';
  // An answer that failed in the transport may have no class.
  if (frame.headerAt === frame.classAt && (frame.status <= 0 || frame.headerAt !== frame.contentAt)) return 'no';
  return frame.type === commandTypes.response ? 'server' : 'client';
}

function isClassName(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    if (
      !letter &&
      !(code >= 0x30 && code <= 0x39) &&
      code !== 0x2e &&
      code !== 0x24 &&
      code !== 0x5f &&
      code !== 0x5b &&
      code !== 0x3b
    )
      return false;
  }
  return true;
}
