/** Reads FastCGI: records of any number of requests in turn on one connection (records.ts has their form). */
import { httpDetail } from '../http/detail.ts';
import { findHeadEnd } from '../http1/lines.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { utf8 } from '../text.ts';
import { readCgiHead } from './cgi-head.ts';
import { beginsWithPair, type ParamNames, paramNames, readParams } from './params.ts';
import { isRecordHead, recordHead, recordSize, recordTypes } from './records.ts';

/** Requests of one connection that are kept; few servers multiplex at all. */
const maxRequests = 1024;
/** Parameters of one request, and the head of one answer. */
const longestParams = 64 * 1024;
const longestHead = 8 * 1024;
const longestError = 1024;
const protocolErrors = ['', 'CANT_MPX_CONN', 'OVERLOADED', 'UNKNOWN_ROLE'];

/**
 * begin ─► params … ─► (emitted) stdin … ─► stdout: head ─► stdout: body … ─► END_REQUEST: the answer is emitted
 *                          └─ ABORT_REQUEST: the application may stop, and still says END_REQUEST
 */
class Exchange {
  readonly request: Message | null;
  response: Message | null = null;
  emitted = false;
  headRead = false;
  /** What has come of the parameters, or of the answer's head, in more than one record. */
  kept: Buffer[] = [];
  keptBytes = 0;
  requestBytes = 0;
  responseBytes = 0;
  bodyBytes = 0;
  error = '';

  constructor(request: Message | null) {
    this.request = request;
  }
}

export class FastCgiParser implements Parser {
  readonly #session: Session;
  readonly #names: ParamNames;
  readonly #exchanges = new Map<number, Exchange>();

  constructor(session: Session) {
    this.#session = session;
    this.#names = paramNames(session.options);
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    if (end - start < recordHead) return full ? end : start;
    if (!isRecordHead(bytes, start)) return lost;
    const next = start + recordSize(bytes, start);
    const id = bytes.readUInt16BE(start + 2);
    const content = start + recordHead;
    const contentEnd = content + bytes.readUInt16BE(start + 4);
    const exchange = this.#exchanges.get(id);
    switch (bytes[start + 1]) {
      case recordTypes.beginRequest:
        this.#begin(input, id, next - start);
        return next;
      case recordTypes.params:
        if (contentEnd > end && !full) return start;
        this.#params(input, id, content, Math.min(contentEnd, end), next - start);
        return next;
      case recordTypes.abortRequest:
        if (exchange !== undefined) this.#abort(input, exchange, next - start);
        return next;
      case recordTypes.stdin:
      case recordTypes.data:
        if (exchange !== undefined) this.#stdin(input, exchange, next - start);
        return next;
      case recordTypes.stdout:
        if (end < Math.min(contentEnd, content + longestHead) && !full && !exchange?.headRead) return start;
        this.#stdout(input, id, content, Math.min(contentEnd, end), contentEnd, next - start);
        return next;
      case recordTypes.stderr:
        if (end < Math.min(contentEnd, content + longestError) && !full) return start;
        this.#stderr(exchange, bytes, content, Math.min(contentEnd, end), next - start);
        return next;
      case recordTypes.endRequest:
        if (end < contentEnd && !full) return start;
        this.#end(input, id, content, next - start);
        return next;
      default:
        return next;
    }
  }

  resume({ bytes, start, end, side }: Input): boolean {
    if (end - start < recordHead || !isRecordHead(bytes, start)) return false;
    const type = bytes[start + 1]!;
    if (side === 0)
      return type === recordTypes.beginRequest || (type === recordTypes.params && isFirst(bytes, start, end));
    return this.#exchanges.has(bytes.readUInt16BE(start + 2)) && type !== recordTypes.params;
  }

  gap(side: Side): void {
    for (const [id, exchange] of this.#exchanges) {
      exchange.kept = [];
      exchange.keptBytes = 0;
      // Parameters with a hole cannot be put together.
      if (side === 0 && !exchange.emitted) this.#exchanges.delete(id);
    }
  }

  finish(side: Side): void {
    if (side === 0) return;
    for (const exchange of this.#exchanges.values()) this.#emitResponse(exchange, false);
    this.#exchanges.clear();
  }

  #begin(input: Input, id: number, size: number): void {
    if (this.#exchanges.size >= maxRequests) this.#exchanges.delete(this.#exchanges.keys().next().value!);
    const request = this.#session.begin('request', input);
    request.id = id;
    request.version = '1';
    const exchange = new Exchange(request);
    exchange.requestBytes = size;
    this.#exchanges.set(id, exchange);
  }

  #params(input: Input, id: number, start: number, end: number, size: number): void {
    let exchange = this.#exchanges.get(id);
    if (exchange === undefined) {
      // The beginning was not seen: it says nothing that the parameters do not.
      if (!isFirst(input.bytes, input.start, input.end)) return;
      this.#begin(input, id, 0);
      exchange = this.#exchanges.get(id)!;
    }
    exchange.requestBytes += size;
    if (exchange.emitted || exchange.request === null) return;
    if (end > start) {
      if (exchange.keptBytes + end - start > longestParams) return;
      exchange.kept.push(Buffer.from(input.bytes.subarray(start, end)));
      exchange.keptBytes += end - start;
      return;
    }
    this.#emitRequest(input, exchange);
  }

  #emitRequest(input: Input, exchange: Exchange): void {
    const request = exchange.request!;
    const bytes = exchange.kept.length === 1 ? exchange.kept[0]! : Buffer.concat(exchange.kept);
    exchange.kept = [];
    exchange.keptBytes = 0;
    exchange.emitted = true;
    readParams(request, bytes, 0, bytes.length, this.#names, this.#session.options);
    request.timeNs = input.timeNs;
    request.frame = input.frame;
    request.sizeBytes = exchange.requestBytes;
    if (!this.#session.options.obfuscate) request.fact('plain', true);
    this.#session.emit(request);
  }

  /** The web server wants no answer any more. */
  #abort(input: Input, exchange: Exchange, size: number): void {
    exchange.requestBytes += size;
    if (exchange.request === null) return;
    exchange.request.fact('aborted', true);
    if (!exchange.emitted) this.#emitRequest(input, exchange);
  }

  #stdin(input: Input, exchange: Exchange, size: number): void {
    exchange.requestBytes += size;
    if (exchange.request === null) return;
    exchange.request.sizeBytes = exchange.requestBytes;
    exchange.request.endNs = input.timeNs;
  }

  #stdout(input: Input, id: number, start: number, end: number, contentEnd: number, size: number): void {
    let exchange = this.#exchanges.get(id);
    if (exchange === undefined) {
      if (this.#exchanges.size >= maxRequests) return;
      exchange = new Exchange(null);
      this.#exchanges.set(id, exchange);
    }
    exchange.responseBytes += size;
    exchange.bodyBytes += contentEnd - start;
    const { response } = exchange;
    if (response === null) {
      exchange.response = this.#session.begin('response', input);
      exchange.response.id = id;
      exchange.response.version = '1';
      this.#session.answering(id);
    }
    if (exchange.headRead) return;
    const whole = exchange.keptBytes > 0 ? Buffer.concat([...exchange.kept, input.bytes.subarray(start, end)]) : null;
    const bytes = whole ?? input.bytes;
    const from = whole === null ? start : 0;
    const to = whole === null ? end : whole.length;
    const headEnd = findHeadEnd(bytes, from, to);
    if (headEnd < 0 && to - from < longestHead && contentEnd > start) {
      exchange.kept.push(Buffer.from(input.bytes.subarray(start, end)));
      exchange.keptBytes += end - start;
      return;
    }
    exchange.headRead = true;
    exchange.kept = [];
    exchange.keptBytes = 0;
    readCgiHead(exchange.response!, bytes, from, headEnd < 0 ? to : headEnd);
    if (headEnd >= 0) exchange.bodyBytes -= headEnd - from;
  }

  #stderr(exchange: Exchange | undefined, bytes: Buffer, start: number, end: number, size: number): void {
    if (exchange === undefined) return;
    exchange.responseBytes += size;
    const left = longestError - exchange.error.length;
    if (left > 0) exchange.error += utf8(bytes, start, end, left);
  }

  #end(input: Input, id: number, content: number, size: number): void {
    const exchange = this.#exchanges.get(id);
    if (exchange === undefined) return;
    this.#exchanges.delete(id);
    exchange.responseBytes += size;
    exchange.response ??= this.#session.begin('response', input);
    const { response } = exchange;
    response.id = id;
    response.version = '1';
    if (content + 5 <= input.end) {
      const appStatus = input.bytes.readInt32BE(content);
      if (appStatus !== 0) response.fact('appStatus', appStatus);
      const protocolStatus = input.bytes[content + 4]!;
      if (protocolStatus !== 0) {
        response.fact('protocolStatus', protocolErrors[protocolStatus] ?? String(protocolStatus));
        response.status = 'server_error';
      }
    }
    this.#emitResponse(exchange, true);
  }

  #emitResponse(exchange: Exchange, complete: boolean): void {
    const { response } = exchange;
    if (response === null) return;
    if (!exchange.headRead && exchange.keptBytes > 0) {
      const bytes = Buffer.concat(exchange.kept);
      readCgiHead(response, bytes, 0, bytes.length);
    }
    response.complete = complete;
    response.error = exchange.error;
    response.sizeBytes = exchange.responseBytes;
    if (response.length < 0 && exchange.headRead) httpDetail(response).bodyBytes = exchange.bodyBytes;
    this.#session.emit(response);
  }
}

/** Whether the PARAMS record at `start` begins with a parameter, and not in the middle of one. */
function isFirst(bytes: Buffer, start: number, end: number): boolean {
  const content = start + recordHead;
  return beginsWithPair(bytes, content, content + bytes.readUInt16BE(start + 4), end);
}
