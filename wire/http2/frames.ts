/**
 * HTTP/2 frames (RFC 9113 §4, §6): a header of nine bytes and a payload.
 *
 *     length 24 · type 8 · flags 8 · reserved 1 · stream 31 · payload
 */
import { Http2Error, http2Errors } from './errors.ts';

export const frameTypes = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const flags = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

export const settings = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
} as const;

export const frameHeaderBytes = 9;
/** The largest payload either side may send: neither asks for more than the default. */
export const maxFrameBytes = 16_384;

/** Writes a frame header at `at`. */
export function writeFrameHeader(
  out: Buffer,
  at: number,
  length: number,
  type: number,
  flag: number,
  stream: number,
): void {
  out.writeUIntBE(length, at, 3);
  out[at + 3] = type;
  out[at + 4] = flag;
  out.writeUInt32BE(stream, at + 5);
}

export function frame(type: number, flag: number, stream: number, payload: Uint8Array = noBytes): Buffer {
  const out = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  writeFrameHeader(out, 0, payload.length, type, flag, stream);
  out.set(payload, frameHeaderBytes);
  return out;
}

const noBytes = new Uint8Array(0);

/** What a {@link FrameReader} finds. Both may throw an Http2Error. */
export interface FrameSink {
  /** A frame; the payload is only valid during the call. */
  frame(type: number, flag: number, stream: number, payload: Buffer): void;
  /** A part of an unpadded DATA frame, only valid during the call; `last` marks the frame's end. */
  data(flag: number, stream: number, part: Buffer, last: boolean): void;
}

/**
 * Cuts the bytes of a connection into frames. DATA, which is nearly everything that arrives, passes through in the pieces
 * in which the socket gave it; other frames are collected when they came in pieces.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  /** The header, then the payload of a frame that has not arrived whole. */
  readonly #held: Buffer;
  #heldLength: number;
  /** Payload bytes of the current DATA frame that have not arrived; -1 between frames. */
  #dataLeft: number;
  #dataFlags: number;
  #dataStream: number;

  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#held = Buffer.allocUnsafeSlow(frameHeaderBytes + maxFrameBytes);
    this.#heldLength = 0;
    this.#dataLeft = -1;
    this.#dataFlags = 0;
    this.#dataStream = 0;
  }

  /** Throws an Http2Error. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#dataLeft >= 0) at = this.#passData(chunk, at);
      else if (this.#heldLength > 0) at = this.#hold(chunk, at);
      else at = this.#readFrame(chunk, at);
    }
  }

  /** At a frame's first byte. Returns where to go on. */
  #readFrame(chunk: Buffer, at: number): number {
    if (chunk.length - at < frameHeaderBytes) return this.#hold(chunk, at);
    const length = lengthAt(chunk, at);
    const type = chunk[at + 3]!;
    const flag = chunk[at + 4]!;
    if (type === frameTypes.DATA && (flag & flags.PADDED) === 0) {
      this.#dataLeft = length;
      this.#dataFlags = flag;
      this.#dataStream = streamAt(chunk, at);
      return this.#passData(chunk, at + frameHeaderBytes);
    }
    const end = at + frameHeaderBytes + length;
    if (end > chunk.length) return this.#hold(chunk, at);
    this.#sink.frame(type, flag, streamAt(chunk, at), chunk.subarray(at + frameHeaderBytes, end));
    return end;
  }

  #passData(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#dataLeft, chunk.length);
    this.#dataLeft -= end - at;
    const last = this.#dataLeft === 0;
    if (last) this.#dataLeft = -1;
    this.#sink.data(this.#dataFlags, this.#dataStream, chunk.subarray(at, end), last);
    return end;
  }

  /** Adds to a frame that began in an earlier chunk, or begins one that ends in a later chunk. */
  #hold(chunk: Buffer, at: number): number {
    if (this.#heldLength < frameHeaderBytes) {
      const end = Math.min(chunk.length, at + frameHeaderBytes - this.#heldLength);
      this.#heldLength += chunk.copy(this.#held, this.#heldLength, at, end);
      if (this.#heldLength < frameHeaderBytes) return end;
      at = end;
      const type = this.#held[3];
      const length = lengthAt(this.#held, 0);
      if (length === 0 || (type === frameTypes.DATA && (this.#held[4]! & flags.PADDED) === 0)) {
        this.#heldLength = 0;
        this.#readFrame(this.#held.subarray(0, frameHeaderBytes), 0);
        return at;
      }
    }
    const wanted = frameHeaderBytes + lengthAt(this.#held, 0);
    const end = Math.min(chunk.length, at + wanted - this.#heldLength);
    this.#heldLength += chunk.copy(this.#held, this.#heldLength, at, end);
    if (this.#heldLength === wanted) {
      this.#heldLength = 0;
      const payload = this.#held.subarray(frameHeaderBytes, wanted);
      this.#sink.frame(this.#held[3]!, this.#held[4]!, streamAt(this.#held, 0), payload);
    }
    return end;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
  if (length > maxFrameBytes) {
    throw new Http2Error(
      http2Errors.FRAME_SIZE_ERROR,
      `a frame of ${length} bytes, more than the ${maxFrameBytes} allowed`,
    );
  }
  return length;
}

function streamAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 5) & 0x7fffffff;
}
