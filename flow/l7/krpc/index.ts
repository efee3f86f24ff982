/**
 * kRPC (github.com/bruceran/krpc), whose services and methods have numbers:
 *
 *   0  "KR"   2  u16 length of the meta data   4  u32 length of all that follows   8  meta data: protobuf RpcMeta, then the message
 *
 *   RpcMeta   1 direction: 1 request, 2 response   2 serviceId   3 msgId   4 sequence   5 timeout   6 retCode   7 trace   9 compress
 *   trace     1 peers   2 traceId   3 parentSpanId   4 spanId   5 tags   6 sampleFlag
 */

import { attributeKey } from '../../otlp/attribute-writer.ts';
import type { SpanWriter } from '../../otlp/span-writer.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { ProtobufFields } from '../protobuf-fields.ts';
import { lost, type Parser, type Protocol, type Verdict } from '../protocol.ts';
import { describeCall, describeStatus } from '../rpc-attributes.ts';
import type { Session } from '../session.ts';

const krpc: Protocol = {
  name: 'krpc',
  label: 'kRPC',
  transports: ['tcp'],
  ports: [5600],
  probe,
  createParser: (session) => new KrpcParser(session),
  describe,
};

export default krpc;

const headBytes = 8;
const maxBody = 256 * 1024 * 1024;

const timeout = attributeKey('deepflow.krpc.timeout_ms');

class KrpcParser implements Parser {
  readonly #session: Session;
  readonly #fields = new ProtobufFields();
  readonly #nested = new ProtobufFields();

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    if (end - start < headBytes) return full ? lost : start;
    const meta = bytes.readUInt16BE(start + 2);
    const body = bytes.readUInt32BE(start + 4);
    if (bytes.readUInt16BE(start) !== 0x4b52 || meta === 0 || meta > body || body > maxBody) return lost;
    const metaEnd = start + headBytes + meta;
    if (end < metaEnd && !full) return start;
    const message = this.#session.begin('request', input);
    message.frameLength = headBytes + body;
    message.length = body - meta;
    if (!this.#readMeta(message, bytes, start + headBytes, Math.min(end, metaEnd))) return lost;
    this.#session.emit(message);
    return start + headBytes + body;
  }

  #readMeta(message: Message, bytes: Buffer, start: number, end: number): boolean {
    const fields = this.#fields;
    const numbers = [0, 0, 0, 0, 0, 0, 0];
    fields.begin(bytes, start, end);
    while (fields.next()) {
      if (fields.number < numbers.length) numbers[fields.number] = fields.int32();
      else if (fields.number === 7) this.#readTrace(message, fields);
    }
    const [, direction, service, method, sequence, timeoutMs, code] = numbers;
    if (fields.bad || (direction !== 1 && direction !== 2)) return false;
    message.kind = direction === 1 ? 'request' : 'response';
    // Both sides may ask (the server pushes), each with sequences of its own.
    const ofServer = (message.kind === 'response') !== (message.side === 1);
    message.id = ofServer ? `server ${sequence}` : sequence!;
    if (ofServer) message.fact('requestId', sequence!);
    message.resource = String(service);
    message.method = String(method);
    message.endpoint = service === 1 && method === 1 ? 'heartbeat' : `${service}/${method}`;
    if (timeoutMs !== 0) message.fact('timeoutMs', timeoutMs!);
    if (message.kind === 'response') {
      message.statusCode = code!;
      message.status = code === 0 ? 'ok' : 'server_error';
    }
    return true;
  }

  #readTrace(message: Message, fields: ProtobufFields): void {
    const nested = this.#nested;
    let traceId = '';
    let spanId = '';
    let sampled: boolean | null = null;
    nested.begin(fields.bytes, fields.start, fields.end);
    while (nested.next()) {
      if (nested.number === 2) traceId = nested.text(256);
      else if (nested.number === 4) spanId = nested.text(256);
      else if (nested.number === 6) sampled = nested.int32() !== 2;
    }
    if (traceId !== '') message.trace = { format: 'custom', traceId, spanId, state: '', sampled };
  }
}

function describe(span: SpanWriter, request: Message | null, response: Message | null): void {
  describeCall(span, 'krpc', 'kRPC', request);
  const timeoutMs = request?.facts?.get('timeoutMs');
  if (typeof timeoutMs === 'number') span.int(timeout, timeoutMs);
  if (response !== null) describeStatus(span, response, String(response.statusCode));
}

/** The meta data begins with its direction. */
function probe({ bytes, start, end, full }: Input): Verdict {
  const available = end - start;
  if (bytes[start] !== 0x4b || (available > 1 && bytes[start + 1] !== 0x52)) return 'no';
  if (available < headBytes + 2) return full ? 'no' : 'more';
  const meta = bytes.readUInt16BE(start + 2);
  const body = bytes.readUInt32BE(start + 4);
  if (meta < 2 || meta > body || body > maxBody || bytes[start + headBytes] !== 0x08) return 'no';
  const direction = bytes[start + headBytes + 1];
  return direction === 1 ? 'client' : direction === 2 ? 'server' : 'no';
}
