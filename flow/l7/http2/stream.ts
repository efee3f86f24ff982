/** One stream of an HTTP/2 connection: the call on it, and how far its two directions are. */
import type { Message, Side } from '../message.ts';
import { frameHead } from './frames.ts';

/** What passes in one direction. */
export class Flow {
  /** Payload of DATA frames, without padding; whole frames of all types. */
  dataBytes = 0;
  wireBytes = 0;
  ended = false;
  /** Time of its last frame, and the length of its last DATA frame, head included. */
  frameNs = 0;
  frameLength = 0;
  /** When bytes passed that may have ended it; 0: it went on since, or none did. */
  lostNs = 0;
  /** Bytes of the connection were lost meanwhile, which may have been its own. */
  isPartial = false;
  /** gRPC messages (length-prefixed: 1 byte of flags, 4 of length): how many began, and where in one the data stands. */
  messages = 0;
  prefixBytes = 0;
  size = 0;
  left = 0;

  /**
   * So many bytes passed unseen behind its last DATA frame, none of another stream: other frames, as long as that one, or all that
   * `contentLength` (-1: not stated) leaves, in as few frames as that takes; an empty last one may be among them.
   */
  pass(length: number, contentLength: number, timeNs: number): 'end' | 'middle' | 'unknown' {
    const frameData = this.frameLength - frameHead;
    if (frameData <= 0) return 'unknown';
    const left = contentLength < 0 ? Number.POSITIVE_INFINITY : contentLength - this.dataBytes;
    const heads = (length - left) / frameHead;
    const needed = Math.ceil(left / frameData);
    const isEnd = heads === needed || heads === needed + 1;
    const frames = length / this.frameLength;
    if (!isEnd && (!Number.isInteger(frames) || frames * frameData >= left)) return 'unknown';
    this.dataBytes += isEnd ? left : frames * frameData;
    this.wireBytes += length;
    if (contentLength < 0) this.lostNs = timeNs;
    return isEnd ? 'end' : 'middle';
  }
}

/**
 * request ─► response headers ─► END_STREAM or trailers ─► emitted
 *
 * The request is emitted with its headers, and grows while it waits; the response is held until its stream ends.
 */
export class Stream {
  readonly id: number;
  request: Message | null = null;
  response: Message | null = null;
  /** `gRPC` or `Triple`, else empty. */
  label = '';
  /** Its data told the label: trailers that could have told the outcome may have been unreadable. */
  isGuessed = false;
  /** It was told before its end was seen: what still comes is of no call. */
  isTold = false;
  /** By side. */
  readonly flows: [Flow, Flow] = [new Flow(), new Flow()];

  constructor(id: number) {
    this.id = id;
  }

  /** Whether one of the two still waits for anything. */
  get isOpen(): boolean {
    return !this.isTold && (this.response !== null || (this.request !== null && !this.request.settled));
  }

  /** The message of that side whose head was seen and whose end was not. */
  unfinished(side: Side): Message | null {
    if (this.flows[side].ended) return null;
    if (this.response?.side === side) return this.response;
    return this.request?.side === side ? this.request : null;
  }
}
