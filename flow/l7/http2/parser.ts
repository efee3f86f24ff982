/**
 * Reads the frames of an HTTP/2 connection (RFC 9113) and tells the calls on its streams.
 *
 *   DATA           [pad length (1)]  data  [padding]                                              §6.1
 *   HEADERS        [pad length (1)]  [stream it depends on (4)  weight (1)]  block  [padding]      §6.2
 *   RST_STREAM     error code (4)                                                                §6.4
 *   PUSH_PROMISE   [pad length (1)]  promised stream (4)  block  [padding]                         §6.6
 *   GOAWAY         last stream (4)  error code (4)  text                                          §6.8
 *   CONTINUATION   block                                                                         §6.10
 *
 * One direction: frame ─► frame …, where HEADERS without END_HEADERS lets nothing but CONTINUATION follow, and DATA of a gRPC call is read
 * in several steps, one for each message in it.
 */
import { grpcMessage, grpcOfReset, grpcStatus } from '../grpc/status.ts';
import { httpStatus } from '../http/describe.ts';
import { httpDetail } from '../http/detail.ts';
import { type HeaderNames, headerNames } from '../http/header-names.ts';
import { firstSegments } from '../http/route.ts';
import { takeRequest } from '../http/upgrade.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { cut, startsWith } from '../text.ts';
import { BlockBuffer } from './block.ts';
import { errorName, flags, frameHead, frameLength, frameStream, frameTypes, isFrameHead, preface } from './frames.ts';
import { Head } from './head.ts';
import { HpackDecoder } from './hpack.ts';
import type { Flow, Stream } from './stream.ts';
import { Streams } from './streams.ts';

/** What is left of a DATA frame that is read in steps. */
class DataRest {
  stream: Stream | null = null;
  left = 0;
  padding = 0;
  endStream = false;
}

export class Http2Parser implements Parser {
  readonly #session: Session;
  readonly #head: Head;
  readonly #names: HeaderNames;
  readonly #streams = new Streams((stream, response) => this.#emitResponse(stream, response, false));
  readonly #decoders: [HpackDecoder, HpackDecoder];
  readonly #blocks: [BlockBuffer, BlockBuffer] = [new BlockBuffer(), new BlockBuffer()];
  readonly #rests: [DataRest, DataRest] = [new DataRest(), new DataRest()];
  /** A frame should begin here, if what was not looked at was whole frames. */
  readonly #unsure: [boolean, boolean] = [false, false];
  #begun = false;

  constructor(session: Session) {
    this.#session = session;
    this.#names = headerNames(session.options);
    this.#head = new Head(this.#names, session.options);
    this.#decoders = [new HpackDecoder(this.#names, false), new HpackDecoder(this.#names, false)];
  }

  read(input: Input): number {
    if (!this.#begun) this.#begin();
    const { bytes, start, end, side } = input;
    if (this.#rests[side].stream !== null) return this.#readData(input, this.#rests[side], start);
    if (
      side === 0 &&
      bytes[start] === 0x50 &&
      startsWith(bytes, start, end, preface.slice(0, Math.min(end - start, 24)))
    )
      return this.#readPreface(input);
    if (end - start < frameHead) return input.full ? end : start;
    if (!isFrameHead(bytes, start, false)) return lost;
    if (this.#unsure[side]) {
      this.#unsure[side] = false;
      if (!isFrameHead(bytes, start, true) || !this.#fits(side, bytes, start, end)) return lost;
    }
    const next = start + frameHead + frameLength(bytes, start);
    const type = bytes[start + 3]!;
    const block = this.#blocks[side];
    if (block.stream !== 0 && (type !== frameTypes.continuation || frameStream(bytes, start) !== block.stream)) {
      // The peer will end the connection (§6.10); what is in the table is anyone's guess.
      block.close();
      this.#decoders[side].forget();
    }
    switch (type) {
      case frameTypes.data:
        return this.#startData(input, next);
      case frameTypes.headers:
      case frameTypes.pushPromise:
      case frameTypes.continuation:
        // All of it is needed: a table that misses an entry is wrong for the rest of the connection.
        if (next > end && !input.full) return start;
        this.#readBlock(input, type, next);
        return next;
      case frameTypes.resetStream:
        if (start + 13 > end) return input.full ? end : start;
        this.#reset(frameStream(bytes, start), bytes.readUInt32BE(start + frameHead));
        return next;
      case frameTypes.goAway:
        if (start + 17 > end) return input.full ? end : start;
        this.#goAway(side, bytes.readUInt32BE(start + frameHead) & 0x7fffffff);
        return next;
      default:
        return next;
    }
  }

  /** Frames begin anywhere in a piece of data: looks for one of a stream that is known or was told of, or for a chain of strong ones. */
  resume(input: Input): boolean {
    const { bytes, start, end } = input;
    for (let at = start; at + frameHead <= end; at++) {
      if (bytes[at + 3]! > frameTypes.continuation || !isFrameHead(bytes, at, true)) continue;
      if (!this.#fits(input.side, bytes, at, end)) continue;
      input.start = at;
      input.offset += at - start;
      input.seq = (input.seq + at - start) >>> 0;
      return true;
    }
    return false;
  }

  lacksTable(side: Side): boolean {
    return !this.#decoders[side].isComplete;
  }

  gap(side: Side, timeNs: number): void {
    this.#decoders[side].forget();
    this.#blocks[side].close();
    this.#rests[side].stream = null;
    this.#unsure[side] = false;
    this.#streams.gap(side, timeNs);
  }

  /**
   * Behind the first frames of a long body, where nothing else is under way: its other frames, as long as the last one, or all that
   * its Content-Length leaves.
   */
  unseen(side: Side, length: number, _offset: number, timeNs: number): boolean {
    const stream = this.#streams.onlyOpen();
    const message = stream?.unfinished(side) ?? null;
    if (stream === null || message === null || stream.label !== '' || this.#blocks[side].stream !== 0) return false;
    const passed = stream.flows[side].pass(length, message.length, timeNs);
    if (passed === 'end') this.#endStream(stream, side, timeNs);
    this.#unsure[side] = passed !== 'unknown';
    return this.#unsure[side];
  }

  overdue(nowNs: number): boolean {
    return this.#streams.overdue(nowNs);
  }

  finish(side: Side): void {
    if (side === 1) this.#streams.end();
  }

  /** The first look: a request may have been left by HTTP/1, and answered here as stream 1. */
  #begin(): void {
    this.#begun = true;
    const request = takeRequest(this.#session.identity);
    if (request !== null) {
      request.id = 1;
      const stream = this.#streams.open(1);
      stream.request = request;
      stream.flows[0].ended = true;
      this.#session.adopt(request);
    }
    if (request !== null) this.#decoders[1] = new HpackDecoder(this.#names, true);
  }

  #readPreface(input: Input): number {
    if (input.end - input.start < preface.length) return input.full ? input.end : input.start;
    // Neither side sends header blocks before it.
    this.#decoders[0] = new HpackDecoder(this.#names, true);
    this.#decoders[1] = new HpackDecoder(this.#names, true);
    return input.start + preface.length;
  }

  #startData(input: Input, next: number): number {
    const { bytes, start, end, side } = input;
    const frameFlags = bytes[start + 4]!;
    const stream = this.#streams.get(frameStream(bytes, start));
    if (stream === undefined) return next;
    if (stream.isTold) {
      if ((frameFlags & flags.endStream) !== 0) this.#streams.delete(stream.id);
      return next;
    }
    let at = start + frameHead;
    let padding = 0;
    if ((frameFlags & flags.padded) !== 0 && at < next) {
      if (at === end) return input.full ? end : start;
      padding = Math.min(bytes[at]!, next - at - 1);
      at++;
    }
    const flow = stream.flows[side];
    if (flow.dataBytes === 0 && stream.label === '' && beginsGrpc(stream, bytes, at, end, next - padding)) {
      this.#setLabel(stream, 'gRPC');
      stream.isGuessed = true;
    }
    flow.dataBytes += next - padding - at;
    flow.wireBytes += next - start;
    flow.frameNs = input.timeNs;
    flow.frameLength = next - start;
    flow.lostNs = 0;
    const rest = this.#rests[side];
    rest.stream = stream;
    rest.left = next - padding - at;
    rest.padding = padding;
    rest.endStream = (frameFlags & flags.endStream) !== 0;
    return this.#readData(input, rest, at);
  }

  /** Reads the data of a frame as far as it goes; only the prefixes of gRPC messages are looked at. */
  #readData(input: Input, rest: DataRest, at: number): number {
    const { bytes, end, side } = input;
    const stream = rest.stream!;
    const flow = stream.flows[side];
    if (stream.label === '') {
      at += rest.left;
      rest.left = 0;
    }
    while (rest.left > 0) {
      if (flow.left > 0) {
        const step = Math.min(flow.left, rest.left);
        flow.left -= step;
        rest.left -= step;
        at += step;
        continue;
      }
      if (at >= end) return at;
      // The prefix: a byte of flags, then the length.
      if (flow.prefixBytes === 0) {
        flow.messages++;
        flow.size = 0;
      } else flow.size = flow.size * 256 + bytes[at]!;
      at++;
      rest.left--;
      if (++flow.prefixBytes === 5) {
        flow.prefixBytes = 0;
        flow.left = flow.size;
      }
    }
    rest.stream = null;
    if (rest.endStream) this.#endStream(stream, side, input.timeNs);
    return at + rest.padding;
  }

  /** One frame of a header block; reads the block with its last. */
  #readBlock(input: Input, type: number, next: number): void {
    const { bytes, start, side } = input;
    const frameFlags = bytes[start + 4]!;
    const end = Math.min(next, input.end);
    const block = this.#blocks[side];
    let at = start + frameHead;
    let blockEnd = end;
    if (type !== frameTypes.continuation) {
      if ((frameFlags & flags.padded) !== 0) blockEnd -= bytes[at++] ?? 0;
      if (type === frameTypes.headers && (frameFlags & flags.priority) !== 0) at += 5;
      let promised = 0;
      if (type === frameTypes.pushPromise) {
        promised = at + 4 <= end ? bytes.readUInt32BE(at) & 0x7fffffff : 0;
        at += 4;
      }
      const ends = type === frameTypes.headers && (frameFlags & flags.endStream) !== 0;
      block.open(frameStream(bytes, start), promised, ends, this.#session.begin('request', input));
    } else if (block.stream === 0) return;
    block.wireBytes += next - start;
    // A frame that was cut leaves the table unknown.
    if (next > input.end) block.tooLong = true;
    const last = (frameFlags & flags.endHeaders) !== 0;
    if (last && block.length === 0 && !block.tooLong) this.#readFields(input, block, bytes, at, Math.max(at, blockEnd));
    else {
      block.add(bytes, at, Math.max(at, blockEnd));
      if (last) this.#readFields(input, block, block.bytes, 0, block.length);
    }
    if (last) block.close();
  }

  #readFields(input: Input, block: BlockBuffer, bytes: Buffer, start: number, end: number): void {
    const head = this.#head;
    const message = block.message!;
    const id = block.promised === 0 ? block.stream : block.promised;
    const known = this.#streams.get(id);
    const { side } = input;
    message.kind = side === 0 || block.promised !== 0 ? 'request' : 'response';
    message.timeNs = input.timeNs;
    message.frame = input.frame;
    message.id = id;
    message.version = '2';
    const present = known === undefined ? null : message.kind === 'request' ? known.request : known.response;
    head.begin(present === null ? message : null);
    const decoder = this.#decoders[side];
    if (block.tooLong) {
      decoder.forget();
      head.partial = true;
    } else {
      if (!decoder.isComplete) this.#takeTable(decoder, side, block.stream, bytes, start, end);
      if (!decoder.decode(bytes, start, end, head)) head.partial = true;
    }
    // Joined in the middle, the sides may have been taken for each other.
    if (head.status >= 0) message.kind = 'response';
    else if (head.method !== '') message.kind = 'request';
    if (known?.isTold) {
      if (block.endStream) this.#streams.delete(id);
      return;
    }
    if (present !== null) this.#trailers(known!, side, block);
    else if (message.kind === 'request') this.#request(message, block, id);
    else this.#response(message, block, id);
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.flows[side].frameNs = input.timeNs;
    stream.flows[side].lostNs = 0;
    if (block.endStream) this.#endStream(stream, side, input.timeNs);
  }

  /** What was in the table before this block, where somebody inside the process saw that. */
  #takeTable(decoder: HpackDecoder, side: Side, stream: number, bytes: Buffer, start: number, end: number): void {
    const table = this.#session.identity.socket?.takeTable(side, stream, bytes, start, end);
    if (table) decoder.load(table);
  }

  #request(message: Message, block: BlockBuffer, id: number): void {
    const head = this.#head;
    // Trailers of a request that was not seen: they have no pseudo-headers.
    if (block.endStream && head.method === '' && head.path === '' && !head.partial) return;
    const stream = this.#streams.open(id);
    stream.request = message;
    stream.flows[message.side].wireBytes += block.wireBytes;
    message.method = head.method;
    message.resource = head.path;
    message.endpoint = firstSegments(head.path);
    message.domain = head.authority;
    message.length = head.contentLength;
    message.complete = block.endStream;
    message.sizeBytes = block.wireBytes;
    if (head.scheme !== '') httpDetail(message).scheme = head.scheme;
    if (block.promised !== 0) {
      message.fact('pushed', true);
      stream.flows[message.side].ended = true;
    }
    if (head.partial) message.fact('partial', true);
    if (!this.#session.options.obfuscate) message.fact('plain', true);
    this.#setLabel(stream, head.label);
    this.#session.emit(message);
  }

  #response(message: Message, block: BlockBuffer, id: number): void {
    const head = this.#head;
    // Interim responses say nothing of the outcome.
    if (head.status >= 100 && head.status < 200) return;
    const unseen = this.#streams.get(id) === undefined;
    // Trailers of a response that was not seen matter when they have its outcome.
    if (unseen && head.status < 0 && block.endStream && head.grpcStatus < 0) return;
    const stream = this.#streams.open(id);
    stream.response = message;
    const flow = stream.flows[message.side];
    flow.wireBytes += block.wireBytes;
    message.length = head.contentLength;
    // What was lost was before its head, or is its head.
    if (head.status >= 0) flow.isPartial = false;
    else if (!head.partial) flow.isPartial = true;
    if (head.status >= 0) {
      message.statusCode = head.status;
      message.status = httpStatus(head.status);
    }
    if (head.partial) message.fact('partial', true);
    this.#setLabel(stream, head.label);
    if (head.tripleException >= 0) message.fact('tripleException', head.tripleException);
    if (head.grpcStatus >= 0) this.#setGrpcStatus(stream, message);
    if (!block.endStream) this.#session.answering(id);
  }

  /** The second block in one direction. */
  #trailers(stream: Stream, side: Side, block: BlockBuffer): void {
    const { response } = stream;
    stream.flows[side].wireBytes += block.wireBytes;
    if (response === null || response.side !== side) return;
    if (this.#head.grpcStatus >= 0) this.#setGrpcStatus(stream, response);
    if (block.message!.frame !== response.frame) response.fact('trailersFrame', block.message!.frame);
  }

  /** `gRPC` or `Triple`, from whichever side tells it first. */
  #setLabel(stream: Stream, label: string): void {
    if (label !== '' && stream.label !== 'Triple') stream.label = label;
    const { request, response } = stream;
    if (stream.label === '') return;
    if (response !== null) response.label = stream.label;
    if (request === null || request.label === stream.label) return;
    request.label = stream.label;
    const path = request.resource;
    if (path === '') return;
    request.endpoint = path;
    if (stream.label === 'gRPC') request.resource = path.slice(1, Math.max(1, path.lastIndexOf('/')));
    else if (this.#head.tripleVersion !== '') request.version = this.#head.tripleVersion;
  }

  #setGrpcStatus(stream: Stream, response: Message): void {
    const head = this.#head;
    if (stream.label === '') this.#setLabel(stream, 'gRPC');
    if (typeof response.statusCode === 'number') response.fact('httpStatus', response.statusCode);
    response.fact('grpcStatus', head.grpcStatus);
    response.statusCode = head.grpcStatus;
    // Triple answers OK when the service threw: the answer is the exception.
    const threw = head.grpcStatus === 0 && response.facts!.has('tripleException');
    response.status = threw ? 'server_error' : grpcStatus(head.grpcStatus);
    response.error = cut(grpcMessage(head.grpcMessage), this.#session.options.maxText);
  }

  /** One direction of a stream is over. */
  #endStream(stream: Stream, side: Side, timeNs: number): void {
    stream.flows[side].ended = true;
    const { request, response } = stream;
    if (request !== null && request.side === side) {
      request.complete = !stream.flows[side].isPartial;
      request.endNs = Math.max(request.endNs, timeNs);
      this.#measure(request, stream.flows[side], stream.label);
    }
    if (response === null || response.side !== side) return;
    if (request !== null && response.facts?.has('trailersFrame')) {
      response.fact('durationUs', Math.round((timeNs - request.timeNs) / 1000));
    }
    this.#emitResponse(stream, response, true);
    this.#streams.delete(stream.id);
  }

  #emitResponse(stream: Stream, response: Message, complete: boolean): void {
    stream.response = null;
    response.complete = complete && !stream.flows[response.side].isPartial;
    if (stream.request !== null) {
      this.#measure(stream.request, stream.flows[stream.request.side], stream.label);
    }
    this.#measure(response, stream.flows[response.side], stream.label);
    if (stream.label === 'gRPC' && !response.facts?.has('grpcStatus') && typeof response.statusCode === 'number') {
      // Without trailers the outcome is not known; HTTP's own tells of failures before gRPC.
      response.fact('httpStatus', response.statusCode);
      if (!stream.isGuessed) {
        if (response.statusCode < 400) response.status = '';
        response.statusCode = '';
      }
    }
    this.#session.emit(response);
  }

  #measure(message: Message, flow: Flow, label: string): void {
    message.sizeBytes = flow.wireBytes;
    if (flow.dataBytes > 0 || message.length >= 0) {
      httpDetail(message).bodyBytes = flow.dataBytes;
      message.fact('dataLength', flow.dataBytes);
    }
    if (label !== '') message.fact('messages', flow.messages);
  }

  /** The stream is over at once, for both sides. */
  #reset(id: number, code: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    const { request, response } = stream;
    const name = errorName(code);
    if (response !== null) {
      // NO_ERROR: the answer is whole, the server wants no more of the request (RFC 9113 §8.1).
      if (code !== 0) response.fact('reset', name);
      if (stream.label === 'gRPC' && !response.facts?.has('grpcStatus')) {
        this.#head.begin(null);
        this.#head.grpcStatus = grpcOfReset(code);
        this.#head.grpcMessage = `stream reset: ${name}`;
        this.#setGrpcStatus(stream, response);
      }
      this.#emitResponse(stream, response, code === 0);
    } else if (request !== null) {
      request.fact('reset', name);
      this.#session.abandon(request);
    }
  }

  /** Requests after the last one that the peer took are not answered any more (§6.8). */
  #goAway(side: Side, last: number): void {
    for (const stream of this.#streams.values()) {
      const { request, response } = stream;
      if (stream.id <= last || request === null || request.side === side || response !== null) continue;
      request.fact('reset', 'REFUSED_STREAM');
      this.#streams.delete(stream.id);
      this.#session.abandon(request);
    }
  }

  /** Whether the frame at `at` is of a stream that is open, or the window goes on with frames behind it. */
  #fits(side: Side, bytes: Buffer, at: number, end: number): boolean {
    const id = frameStream(bytes, at);
    const next = at + frameHead + frameLength(bytes, at);
    if (id !== 0 && this.#streams.has(id)) return true;
    if (bytes[at + 3] === frameTypes.headers && this.#session.identity.socket?.awaitsBlock(side, id)) return true;
    if (next + frameHead <= end) return isFrameHead(bytes, next, true);
    // Connection control has many fixed bits; a new stream's headers are believed at the very end of what is there.
    return next === end;
  }
}

/**
 * What the header fields tell cannot be read in full, so the data is asked: it begins with a message of gRPC, flags (1) and length (4), that fills
 * its frame, as all but large ones do.
 */
function beginsGrpc({ request, response }: Stream, bytes: Buffer, at: number, end: number, frameEnd: number): boolean {
  const isKnown = request === null ? response === null || !isPartial(response) : !isPartial(request);
  if (isKnown || (request !== null && request.method !== '' && request.method !== 'POST')) return false;
  return at + 5 <= Math.min(end, frameEnd) && bytes[at]! <= 1 && bytes.readUInt32BE(at + 1) === frameEnd - at - 5;
}

function isPartial(message: Message): boolean {
  return message.facts?.get('partial') === true;
}
