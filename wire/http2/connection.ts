/** The server side of one HTTP/2 connection (RFC 9113): streams in, answers out. */
import type { Duplex } from 'node:stream';
import { Http2Error, type Http2ErrorCode, http2Errors } from './errors.ts';
import { FrameReader, type FrameSink, flags, frame, frameTypes, settings } from './frames.ts';
import { type Headers, HpackReader } from './hpack.ts';
import { malformedRequest } from './request.ts';
import { Http2Stream, type StreamHandler } from './stream.ts';

export interface Http2Limits {
  /** Streams a peer may have open; more are refused. */
  maxConcurrentStreams: number;
  /** Largest header list, as RFC 7541 counts it. */
  maxHeaderListBytes: number;
}

export interface Http2ConnectionEvents {
  /** A request began; the handler hears of what follows. It may answer at once. */
  open(stream: Http2Stream, headers: Headers): StreamHandler;
  closed(): void;
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const maxWindow = 2 ** 31 - 1;
const defaultWindow = 65_535;
/** The connection's window is refilled in steps of this size: a stream's own window is never refilled, as no message is that large. */
const refillBytes = 2 ** 29;
/** A peer that does not read its answers, pongs and acknowledgements is cut. */
const maxUnreadBytes = 2 ** 20;
/** Streams that a peer opened and reset: this many at once, and this many more each second (CVE-2023-44487). */
const resetBurst = 1000;
const resetsPerSecond = 100;
/** A peer that does not close its side within this time is cut. */
const hangUpMs = 1000;
/** How many streams that were ended here are known by number, so that late frames for them are no violation. */
const maxRemembered = 4096;

export class Http2Connection implements FrameSink {
  readonly #socket: Duplex;
  readonly #limits: Http2Limits;
  readonly #events: Http2ConnectionEvents;
  readonly #frames: FrameReader;
  readonly #hpack: HpackReader;
  readonly #streams: Map<number, Http2Stream>;
  #prefaceLeft: number;
  #settingsSeen: boolean;
  #lastStream: number;
  /** Streams ended here before their peer had: what it still sends for them is dropped. */
  readonly #resetHere: Set<number>;
  /** Answers to send, written once per turn of the event loop. */
  #out: Buffer[];
  #flushing: boolean;
  #receivedBytes: number;
  #sendWindow: number;
  #initialSendWindow: number;
  /** The peer shrank the table of header compression, which the next header block must acknowledge (RFC 7541 §4.2). */
  #tableUpdateDue: boolean;
  /** A header block that goes on in CONTINUATION frames. */
  #block: { stream: number; flag: number; parts: Buffer[]; bytes: number } | null;
  #resetTokens: number;
  #resetMs: number;
  #pong: (() => void) | null;
  #leaving: boolean;
  #closed: boolean;

  constructor(socket: Duplex, limits: Http2Limits, events: Http2ConnectionEvents) {
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
    this.#frames = new FrameReader(this);
    this.#hpack = new HpackReader(limits.maxHeaderListBytes);
    this.#streams = new Map();
    this.#prefaceLeft = preface.length;
    this.#settingsSeen = false;
    this.#lastStream = 0;
    this.#resetHere = new Set();
    this.#out = [];
    this.#flushing = false;
    this.#receivedBytes = 0;
    this.#sendWindow = defaultWindow;
    this.#initialSendWindow = defaultWindow;
    this.#tableUpdateDue = false;
    this.#block = null;
    this.#resetTokens = resetBurst;
    this.#resetMs = Date.now();
    this.#pong = null;
    this.#leaving = false;
    this.#closed = false;
    this.#greet();
    socket.on('error', () => {});
    // A peer that has closed its side waits for its answers first.
    socket.on('end', () => this.#leave());
    socket.on('close', () => this.#end());
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Tells the peer to send no new requests; the connection ends with its last stream. */
  goAway(): void {
    if (this.#leaving || this.#closed) return;
    this.#sendGoAway(http2Errors.NO_ERROR, '');
    this.#leave();
  }

  /** Cuts the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Asks for a sign of life; `pong` is called when it comes. */
  ping(pong: () => void): void {
    this.#pong = pong;
    this.send(frame(frameTypes.PING, 0, 0, Buffer.alloc(8)));
  }

  /** Queues complete frames. */
  send(frames: Buffer): void {
    if (this.#closed) return;
    this.#out.push(frames);
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => this.#flush());
  }

  /** Bytes of DATA that may be sent now on a stream with this window of its own. */
  sendable(streamWindow: number): number {
    return Math.max(0, Math.min(streamWindow, this.#sendWindow));
  }

  sent(dataBytes: number): void {
    this.#sendWindow -= dataBytes;
  }

  /** A header block, with what the connection must say before it. */
  headerBlock(block: Buffer): Buffer {
    if (!this.#tableUpdateDue) return block;
    this.#tableUpdateDue = false;
    return Buffer.concat([Buffer.from([0x20]), block]);
  }

  /** Called by a stream that is done. */
  forget(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    if (!stream.remoteEnded) this.#rememberReset(stream.id);
    if (this.#leaving && this.#streams.size === 0 && !this.#closed) this.#hangUp();
  }

  frame(type: number, flag: number, stream: number, payload: Buffer): void {
    if (!this.#settingsSeen && type !== frameTypes.SETTINGS) throw violation('the first frame must be SETTINGS');
    if (this.#block && (type !== frameTypes.CONTINUATION || stream !== this.#block.stream)) {
      throw violation('a header block must not be interrupted');
    }
    switch (type) {
      case frameTypes.DATA:
        this.#paddedData(flag, stream, payload);
        break;
      case frameTypes.HEADERS:
        this.#headersFrame(flag, stream, payload);
        break;
      case frameTypes.PRIORITY:
        if (stream === 0) throw violation('PRIORITY on stream 0');
        if (payload.length !== 5) this.#reset(stream, http2Errors.FRAME_SIZE_ERROR);
        else if (dependsOnItself(payload, 0, stream)) this.#reset(stream, http2Errors.PROTOCOL_ERROR);
        break;
      case frameTypes.RST_STREAM:
        this.#resetFrame(stream, payload);
        break;
      case frameTypes.SETTINGS:
        this.#settingsFrame(flag, stream, payload);
        break;
      case frameTypes.PUSH_PROMISE:
        throw violation('a client must not push');
      case frameTypes.PING:
        if (stream !== 0) throw violation('PING on a stream');
        if (payload.length !== 8) throw new Http2Error(http2Errors.FRAME_SIZE_ERROR, 'PING has eight bytes');
        if (flag & flags.ACK) this.#pong?.();
        else this.send(frame(frameTypes.PING, flags.ACK, 0, payload));
        break;
      case frameTypes.GOAWAY:
        if (stream !== 0) throw violation('GOAWAY on a stream');
        this.#leave();
        break;
      case frameTypes.WINDOW_UPDATE:
        this.#windowUpdate(stream, payload);
        break;
      case frameTypes.CONTINUATION:
        if (!this.#block) throw violation('CONTINUATION without HEADERS');
        this.#continueBlock(flag, payload);
        break;
      default:
        break;
    }
  }

  data(flag: number, id: number, part: Buffer, last: boolean): void {
    if (!this.#settingsSeen) throw violation('the first frame must be SETTINGS');
    if (this.#block) throw violation('a header block must not be interrupted');
    this.#received(part.length);
    const stream = this.#streams.get(id);
    if (!stream) {
      if (id === 0 || id > this.#lastStream) throw violation(`DATA on stream ${id}, which was not opened`);
      if (this.#resetHere.has(id)) return;
      throw new Http2Error(http2Errors.STREAM_CLOSED, `stream ${id} is already closed`);
    }
    if (stream.remoteEnded) {
      stream.reset(http2Errors.STREAM_CLOSED);
      return;
    }
    if (part.length > 0) stream.data(part);
    if (last && (flag & flags.END_STREAM) !== 0) stream.end();
  }

  #greet(): void {
    const values: [number, number][] = [
      [settings.MAX_CONCURRENT_STREAMS, this.#limits.maxConcurrentStreams],
      [settings.INITIAL_WINDOW_SIZE, maxWindow],
      [settings.MAX_HEADER_LIST_SIZE, this.#limits.maxHeaderListBytes],
    ];
    const payload = Buffer.alloc(values.length * 6);
    values.forEach(([id, value], i) => {
      payload.writeUInt16BE(id, i * 6);
      payload.writeUInt32BE(value, i * 6 + 2);
    });
    this.send(frame(frameTypes.SETTINGS, 0, 0, payload));
    this.send(windowUpdate(maxWindow - defaultWindow));
  }

  /** Takes bytes of the peer, which are only used during the call. */
  receive(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      const at = this.#prefaceLeft > 0 ? this.#readPreface(chunk) : 0;
      if (at < chunk.length) this.#frames.push(at > 0 ? chunk.subarray(at) : chunk);
    } catch (error) {
      // Whatever a peer sends ends at most its own connection.
      this.#fail(error instanceof Http2Error ? error : new Http2Error(http2Errors.INTERNAL_ERROR, String(error)));
    }
  }

  #readPreface(chunk: Buffer): number {
    const length = Math.min(chunk.length, this.#prefaceLeft);
    const from = preface.length - this.#prefaceLeft;
    if (chunk.compare(preface, from, from + length, 0, length) !== 0) {
      throw violation('this port speaks HTTP/2, without upgrade from HTTP/1.1');
    }
    this.#prefaceLeft -= length;
    return length;
  }

  #paddedData(flag: number, stream: number, payload: Buffer): void {
    const padding = (payload[0] ?? 0) + 1;
    if (padding > payload.length) throw violation('padding longer than its frame');
    this.#received(padding);
    this.data(flag, stream, payload.subarray(1, payload.length - padding + 1), true);
  }

  #received(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes < refillBytes) return;
    this.send(windowUpdate(this.#receivedBytes));
    this.#receivedBytes = 0;
  }

  #headersFrame(flag: number, stream: number, payload: Buffer): void {
    if (stream === 0 || stream % 2 === 0) throw violation(`a client must not open stream ${stream}`);
    let from = 0;
    let to = payload.length;
    if (flag & flags.PADDED) {
      to -= payload[0] ?? 0;
      from = 1;
    }
    if (flag & flags.PRIORITY) {
      if (to - from >= 4 && dependsOnItself(payload, from, stream)) throw violation('a stream depends on itself');
      from += 5;
    }
    if (from > to) throw violation('padding longer than its frame');
    this.#block = { stream, flag, parts: [], bytes: 0 };
    this.#continueBlock(flag, payload.subarray(from, to));
  }

  #continueBlock(flag: number, part: Buffer): void {
    const block = this.#block!;
    if (flag & flags.END_HEADERS) {
      this.#block = null;
      const whole = block.parts.length === 0 ? part : Buffer.concat([...block.parts, part]);
      this.#openStream(block.stream, (block.flag & flags.END_STREAM) !== 0, this.#hpack.read(whole));
      return;
    }
    block.bytes += part.length;
    // Empty CONTINUATION frames cost nothing to send and would go on for ever (CVE-2024-27983).
    if (block.bytes > this.#limits.maxHeaderListBytes || block.parts.length >= 16) {
      throw new Http2Error(http2Errors.ENHANCE_YOUR_CALM, 'a header block of too many frames');
    }
    block.parts.push(Buffer.from(part));
  }

  #openStream(id: number, ended: boolean, headers: Headers): void {
    const known = this.#streams.get(id);
    if (known) {
      // Trailers of the request: gRPC clients send none, and they must end the stream.
      if (known.remoteEnded) known.reset(http2Errors.STREAM_CLOSED);
      else if (!ended) known.reset(http2Errors.PROTOCOL_ERROR);
      else known.end();
      return;
    }
    if (id <= this.#lastStream) {
      if (this.#resetHere.has(id)) return;
      throw new Http2Error(http2Errors.STREAM_CLOSED, `stream ${id} is already closed`);
    }
    this.#lastStream = id;
    if (this.#leaving || this.#streams.size >= this.#limits.maxConcurrentStreams) {
      this.#reset(id, http2Errors.REFUSED_STREAM);
      return;
    }
    if (malformedRequest(headers)) {
      this.#reset(id, http2Errors.PROTOCOL_ERROR);
      return;
    }
    const stream = new Http2Stream(id, this, this.#initialSendWindow, bodyLength(headers));
    this.#streams.set(id, stream);
    stream.handler = this.#events.open(stream, headers);
    if (ended) stream.end();
  }

  #resetFrame(id: number, payload: Buffer): void {
    if (id === 0 || id > this.#lastStream) throw violation(`RST_STREAM on stream ${id}, which was not opened`);
    if (payload.length !== 4) throw new Http2Error(http2Errors.FRAME_SIZE_ERROR, 'RST_STREAM has four bytes');
    const nowMs = Date.now();
    const regained = ((nowMs - this.#resetMs) * resetsPerSecond) / 1000;
    this.#resetTokens = Math.min(resetBurst, this.#resetTokens + regained) - 1;
    this.#resetMs = nowMs;
    if (this.#resetTokens < 0) throw new Http2Error(http2Errors.ENHANCE_YOUR_CALM, 'too many streams are reset');
    const stream = this.#streams.get(id);
    if (!stream) return;
    stream.remoteEnded = true;
    stream.closed();
  }

  #settingsFrame(flag: number, stream: number, payload: Buffer): void {
    if (stream !== 0) throw violation('SETTINGS on a stream');
    if (payload.length % 6 !== 0 || (flag & flags.ACK && payload.length > 0)) {
      throw new Http2Error(http2Errors.FRAME_SIZE_ERROR, 'SETTINGS of a wrong size');
    }
    this.#settingsSeen = true;
    if (flag & flags.ACK) return;
    for (let at = 0; at < payload.length; at += 6) this.#set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    this.send(frame(frameTypes.SETTINGS, flags.ACK, 0));
    this.#resume();
  }

  #set(id: number, value: number): void {
    switch (id) {
      case settings.HEADER_TABLE_SIZE:
        if (value < 4096) this.#tableUpdateDue = true;
        break;
      case settings.ENABLE_PUSH:
        if (value > 1) throw violation('ENABLE_PUSH is 0 or 1');
        break;
      case settings.INITIAL_WINDOW_SIZE:
        if (value > maxWindow) throw new Http2Error(http2Errors.FLOW_CONTROL_ERROR, 'a window of more than 2^31-1');
        for (const stream of this.#streams.values()) stream.grow(value - this.#initialSendWindow);
        this.#initialSendWindow = value;
        break;
      case settings.MAX_FRAME_SIZE:
        if (value < 16_384 || value > 16_777_215) throw violation('MAX_FRAME_SIZE is out of range');
        break;
      default:
        break;
    }
  }

  #windowUpdate(id: number, payload: Buffer): void {
    if (payload.length !== 4) throw new Http2Error(http2Errors.FRAME_SIZE_ERROR, 'WINDOW_UPDATE has four bytes');
    const bytes = payload.readUInt32BE(0) & 0x7fffffff;
    if (id > this.#lastStream) throw violation(`WINDOW_UPDATE on stream ${id}, which was not opened`);
    if (id === 0) {
      if (bytes === 0) throw violation('WINDOW_UPDATE by nothing');
      this.#sendWindow += bytes;
      if (this.#sendWindow > maxWindow)
        throw new Http2Error(http2Errors.FLOW_CONTROL_ERROR, 'a window of more than 2^31-1');
      this.#resume();
      return;
    }
    const stream = this.#streams.get(id);
    if (bytes === 0) stream?.reset(http2Errors.PROTOCOL_ERROR);
    else if (stream && !stream.grow(bytes)) stream.reset(http2Errors.FLOW_CONTROL_ERROR);
    else stream?.flush();
  }

  /** Answers that waited for a window go on. */
  #resume(): void {
    for (const stream of this.#streams.values()) stream.flush();
  }

  #reset(id: number, code: Http2ErrorCode): void {
    const stream = this.#streams.get(id);
    if (stream) {
      stream.reset(code);
    } else {
      this.#rememberReset(id);
      this.send(resetFrame(id, code));
    }
  }

  #rememberReset(id: number): void {
    this.#resetHere.add(id);
    if (this.#resetHere.size <= maxRemembered) return;
    for (const oldest of this.#resetHere) {
      this.#resetHere.delete(oldest);
      return;
    }
  }

  #leave(): void {
    this.#leaving = true;
    if (this.#streams.size === 0 && !this.#closed) this.#hangUp();
  }

  #fail(error: Http2Error): void {
    this.#sendGoAway(error.code, error.message);
    this.#leaving = true;
    this.#hangUp();
    this.#end();
  }

  /** Sends what is left and closes. What still arrives is read and dropped, so that the peer sees GOAWAY and not a reset. */
  #hangUp(): void {
    this.#socket.end(this.#takeOut());
    setTimeout(() => this.#socket.destroy(), hangUpMs).unref();
  }

  #sendGoAway(code: Http2ErrorCode, message: string): void {
    const payload = Buffer.alloc(8 + Buffer.byteLength(message));
    payload.writeUInt32BE(this.#lastStream, 0);
    payload.writeUInt32BE(code, 4);
    payload.write(message, 8);
    this.send(frame(frameTypes.GOAWAY, 0, 0, payload));
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#closed || this.#out.length === 0) return;
    this.#socket.write(this.#takeOut());
    if (this.#socket.writableLength > maxUnreadBytes) this.#socket.destroy();
  }

  #takeOut(): Buffer {
    const out = this.#out.length === 1 ? this.#out[0]! : Buffer.concat(this.#out);
    this.#out = [];
    return out;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of [...this.#streams.values()]) stream.closed();
    this.#events.closed();
  }
}

export function resetFrame(stream: number, code: Http2ErrorCode): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(frameTypes.RST_STREAM, 0, stream, payload);
}

function dependsOnItself(payload: Buffer, at: number, stream: number): boolean {
  return (payload.readUInt32BE(at) & 0x7fffffff) === stream;
}

/** What `content-length` promises; -1 without promise. */
function bodyLength(headers: Headers): number {
  const text = headers['content-length'];
  return text === undefined ? -1 : Number(text);
}

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(frameTypes.WINDOW_UPDATE, 0, 0, payload);
}

function violation(message: string): Http2Error {
  return new Http2Error(http2Errors.PROTOCOL_ERROR, message);
}
