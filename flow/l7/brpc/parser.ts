/**
 * Reads bRPC's own protocol, baidu_std, and the frames of its streams, which share a head (brpc: docs/cn/baidu_std.md, streaming_rpc_protocol):
 *
 *   0  "PRPC", or "STRM" in a stream
 *   4  u32 length of all that follows the head
 *   8  u32 length of the meta data
 *  12  meta data: protobuf RpcMeta, or StreamFrameMeta
 *      message in protobuf, then the attachment (RpcMeta.attachment_size bytes)
 *
 *   RpcMeta        1 request  2 response  3 compress_type  4 correlation_id  5 attachment_size  8 stream_settings  9 user_fields, a map
 *   request        1 service_name  2 method_name  3 log_id  4 trace_id  5 span_id  6 parent_span_id  7 request_id  8 timeout_ms
 *   response       1 error_code  2 error_text
 */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import { windowBytes } from '../connection.ts';
import type { Input } from '../input.ts';
import { hex64, signed64 } from '../int64.ts';
import type { Message } from '../message.ts';
import { ProtobufFields } from '../protobuf-fields.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { startsWith } from '../text.ts';
import { compressions } from './codes.ts';

export const headBytes = 12;
/** Longer frames are refused by bRPC unless it is told otherwise (64 MiB); this leaves room for who did. */
export const maxBody = 1024 * 1024 * 1024;
const maxUserFields = 128;

export class BrpcParser implements Parser {
  readonly #session: Session;
  readonly #fields = new ProtobufFields();
  readonly #nested = new ProtobufFields();

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    if (end - start < headBytes) return full ? lost : start;
    const body = bytes.readUInt32BE(start + 4);
    const meta = bytes.readUInt32BE(start + 8);
    if (meta > body || body > maxBody) return lost;
    const next = start + headBytes + body;
    // What flows in a stream was opened by a call, and says nothing of its own.
    if (startsWith(bytes, start, end, 'STRM')) return next;
    if (!startsWith(bytes, start, end, 'PRPC')) return lost;
    const metaAt = start + headBytes;
    const metaEnd = Math.min(metaAt + meta, start + windowBytes);
    if (end < metaEnd && !full) return start;
    const message = this.#session.begin('request', input);
    message.frameLength = headBytes + body;
    if (!this.#readMeta(message, bytes, metaAt, Math.min(end, metaEnd), body - meta)) return lost;
    this.#session.emit(message);
    return next;
  }

  #readMeta(message: Message, bytes: Buffer, start: number, end: number, payload: number): boolean {
    const fields = this.#fields;
    let isCall = false;
    let attachment = 0;
    let userFields = 0;
    fields.begin(bytes, start, end);
    while (fields.next()) {
      switch (fields.number) {
        case 1:
          isCall = true;
          this.#readRequest(message);
          break;
        case 2:
          this.#readResponse(message);
          break;
        case 3:
          if (fields.value !== 0) message.fact('compression', compressions[fields.value] ?? String(fields.value));
          break;
        case 4:
          message.id = signed64(fields.high, fields.low);
          break;
        case 5:
          attachment = fields.int32();
          break;
        case 8:
          message.fact('stream', true);
          break;
        case 9:
          if (userFields++ < maxUserFields) this.#readUserField(message);
      }
    }
    // Without a request it is a response, even an empty one: success is no error code.
    if (!isCall) {
      message.kind = 'response';
      if (message.status === '') setError(message, 0);
    }
    message.length = payload - attachment;
    if (attachment > 0) message.fact('attachmentSize', attachment);
    return !fields.bad;
  }

  #readRequest(message: Message): void {
    const nested = this.#enter();
    let traceHigh = 0;
    let traceLow = 0;
    let span = '';
    while (nested.next()) {
      switch (nested.number) {
        case 1:
          message.resource = nested.word();
          break;
        case 2:
          message.method = nested.word();
          break;
        case 3:
          message.fact('logId', signed64(nested.high, nested.low));
          break;
        case 4:
          traceHigh = nested.high;
          traceLow = nested.low;
          break;
        case 5:
          span = hex64(nested.high, nested.low);
          break;
        case 7:
          message.requestId = nested.text(256);
          break;
        case 8:
          message.fact('timeoutMs', nested.int32());
      }
    }
    message.endpoint = `${message.resource}/${message.method}`;
    if (message.trace === null && (traceHigh !== 0 || traceLow !== 0)) {
      // A trace id of 64 bits, in the 128 that others have.
      const traceId = hex64(traceHigh, traceLow).padStart(32, '0');
      message.trace = { format: 'custom', traceId, spanId: span, state: '', sampled: null };
    }
  }

  #readResponse(message: Message): void {
    const nested = this.#enter();
    let code = 0;
    while (nested.next()) {
      if (nested.number === 1) code = nested.int32();
      else if (nested.number === 2) message.error = nested.text(this.#session.options.maxText);
    }
    setError(message, code);
  }

  /** An entry of the map: 1 key, 2 value. */
  #readUserField(message: Message): void {
    const nested = this.#enter();
    let key = '';
    let value = '';
    while (nested.next()) {
      if (nested.number === 1) key = nested.word();
      else if (nested.number === 2) value = nested.text();
    }
    if (message.trace?.format === 'custom' && isContext(key)) message.trace = null;
    offerTraceHeader(message, key, value, this.#session.options);
  }

  /** Goes into the message that the current field holds. */
  #enter(): ProtobufFields {
    const { bytes, start, end } = this.#fields;
    this.#nested.begin(bytes, start, end);
    return this.#nested;
  }
}

/** A standard context of the user's counts for more than bRPC's own tracing. */
function isContext(key: string): boolean {
  const name = key.toLowerCase();
  return name === 'traceparent' || name === 'b3' || name === 'sw8' || name === 'uber-trace-id';
}

function setError(message: Message, code: number): void {
  message.statusCode = code;
  message.status = code === 0 ? 'ok' : 'server_error';
}
