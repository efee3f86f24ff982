/** One stream of an HTTP/2 connection: the call on it, and how far its two directions are. */
import type { Message } from '../message.ts';

/** What passes in one direction. */
export class Flow {
  /** Payload of DATA frames, without padding; whole frames of all types. */
  dataBytes = 0;
  wireBytes = 0;
  ended = false;
  /** Bytes of the connection were lost meanwhile, which may have been its own. */
  isPartial = false;
  /** gRPC messages (length-prefixed: 1 byte of flags, 4 of length): how many began, and where in one the data stands. */
  messages = 0;
  prefixBytes = 0;
  size = 0;
  left = 0;
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
  /** By side. */
  readonly flows: [Flow, Flow] = [new Flow(), new Flow()];

  constructor(id: number) {
    this.id = id;
  }
}
