/** One request and its answer on an HTTP/2 connection. */
import type { Http2Connection } from './connection.ts';
import { resetFrame } from './connection.ts';
import { type Http2ErrorCode, http2Errors } from './errors.ts';
import { flags, frame, frameHeaderBytes, frameTypes, maxFrameBytes, writeFrameHeader } from './frames.ts';

/** Hears of what the peer does on a stream. */
export interface StreamHandler {
  /** A part of the body, only valid during the call. */
  data(part: Buffer): void;
  /** The request is complete. */
  end(): void;
  /** Last call: answered completely, reset by either side, or lost with the connection. */
  closed(): void;
}

export class Http2Stream {
  readonly id: number;
  /** Set by the connection as soon as the stream is open. */
  handler: StreamHandler | null;
  /** The peer will send nothing more. */
  remoteEnded: boolean;
  readonly #connection: Http2Connection;
  /** Bytes of the body still to come by `content-length`, when there is one. */
  #bodyLeft: number;
  readonly #bodyCounted: boolean;
  #sendWindow: number;
  /** What of the answer waits for a window. */
  #waiting: { body: Buffer; trailers: Buffer } | null;
  #answered: boolean;
  #closed: boolean;

  constructor(id: number, connection: Http2Connection, sendWindow: number, bodyLength: number) {
    this.id = id;
    this.handler = null;
    this.remoteEnded = false;
    this.#connection = connection;
    this.#bodyLeft = bodyLength;
    this.#bodyCounted = bodyLength !== -1;
    this.#sendWindow = sendWindow;
    this.#waiting = null;
    this.#answered = false;
    this.#closed = false;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  data(part: Buffer): void {
    this.#bodyLeft -= part.length;
    this.handler?.data(part);
  }

  end(): void {
    this.remoteEnded = true;
    // An answer given before the request was complete has already closed the stream.
    if (this.#closed) return;
    if (this.#bodyCounted && this.#bodyLeft !== 0) this.reset(http2Errors.PROTOCOL_ERROR);
    else this.handler?.end();
  }

  /** Answers with headers alone; the three blocks are HPACK from `writeHeaderBlock`. */
  answerHeaders(headers: Buffer): void {
    if (this.#answered || this.#closed) return;
    this.#answered = true;
    const flag = flags.END_HEADERS | flags.END_STREAM;
    this.#connection.send(frame(frameTypes.HEADERS, flag, this.id, this.#connection.headerBlock(headers)));
    this.#finish();
  }

  /** Answers with headers, a body and trailers. */
  answer(headers: Buffer, body: Buffer, trailers: Buffer): void {
    if (this.#answered || this.#closed) return;
    this.#answered = true;
    const block = this.#connection.headerBlock(headers);
    const { id } = this;
    if (body.length > maxFrameBytes || this.#connection.sendable(this.#sendWindow) < body.length) {
      this.#connection.send(frame(frameTypes.HEADERS, flags.END_HEADERS, id, block));
      this.#waiting = { body, trailers };
      this.flush();
      return;
    }
    // The usual case, three frames in one buffer.
    const out = Buffer.allocUnsafe(3 * frameHeaderBytes + block.length + body.length + trailers.length);
    writeFrameHeader(out, 0, block.length, frameTypes.HEADERS, flags.END_HEADERS, id);
    let at = frameHeaderBytes + block.copy(out, frameHeaderBytes);
    writeFrameHeader(out, at, body.length, frameTypes.DATA, 0, id);
    at += frameHeaderBytes;
    at += body.copy(out, at);
    writeFrameHeader(out, at, trailers.length, frameTypes.HEADERS, flags.END_HEADERS | flags.END_STREAM, id);
    trailers.copy(out, at + frameHeaderBytes);
    this.#spend(body.length);
    this.#connection.send(out);
    this.#finish();
  }

  /** Sends what the windows allow of a waiting answer. */
  flush(): void {
    while (this.#waiting) {
      const { body, trailers } = this.#waiting;
      const bytes = Math.min(body.length, maxFrameBytes, this.#connection.sendable(this.#sendWindow));
      if (bytes === 0 && body.length > 0) return;
      this.#connection.send(frame(frameTypes.DATA, 0, this.id, body.subarray(0, bytes)));
      this.#spend(bytes);
      this.#waiting = { body: body.subarray(bytes), trailers };
      if (bytes === body.length) {
        this.#waiting = null;
        this.#connection.send(frame(frameTypes.HEADERS, flags.END_HEADERS | flags.END_STREAM, this.id, trailers));
        this.#finish();
      }
    }
  }

  /** The peer takes this much more; false when its window would overflow. */
  grow(bytes: number): boolean {
    this.#sendWindow += bytes;
    return this.#sendWindow < 2 ** 31;
  }

  reset(code: Http2ErrorCode): void {
    if (this.#closed) return;
    this.#connection.send(resetFrame(this.id, code));
    this.closed();
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = null;
    this.#connection.forget(this);
    this.handler?.closed();
  }

  #spend(bytes: number): void {
    this.#sendWindow -= bytes;
    this.#connection.sent(bytes);
  }

  #finish(): void {
    // NO_ERROR tells the peer that the rest of its request is not wanted (RFC 9113 §8.1).
    if (this.remoteEnded) this.closed();
    else this.reset(http2Errors.NO_ERROR);
  }
}
