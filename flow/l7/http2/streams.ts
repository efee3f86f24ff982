/** The streams of one HTTP/2 connection: found by their numbers, and given up when nothing more is heard of them. */
import type { Message, Side } from '../message.ts';
import { Stream } from './stream.ts';

/** Streams of one connection that are kept; peers allow each other 100 to 1000 at once. */
const maxStreams = 4096;
/** Frames of one call come as closely behind each other as this, or the call had none of what was lost between. */
const nearNs = 100e6;
/**
 * So long nothing is heard of a stream before lost bytes are taken to have ended it. A stream of gRPC may be open for messages that
 * are rare.
 */
const silenceNs = 1e9;
const silenceOfGrpcNs = 10e9;

export class Streams {
  readonly #byId = new Map<number, Stream>();
  readonly #giveUp: (stream: Stream, response: Message) => void;

  /** `giveUp` takes a response whose end was not seen. */
  constructor(giveUp: (stream: Stream, response: Message) => void) {
    this.#giveUp = giveUp;
  }

  get(id: number): Stream | undefined {
    return this.#byId.get(id);
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  /** The stream of that number, made anew if there is none. */
  open(id: number): Stream {
    let stream = this.#byId.get(id);
    if (stream === undefined) {
      if (this.#byId.size >= maxStreams) this.#forgetOldest();
      stream = new Stream(id);
      this.#byId.set(id, stream);
    }
    return stream;
  }

  delete(id: number): void {
    this.#byId.delete(id);
  }

  values(): Iterable<Stream> {
    return this.#byId.values();
  }

  /** The one of which more is expected; null when there are others, or none. */
  onlyOpen(): Stream | null {
    let found: Stream | null = null;
    for (const stream of this.#byId.values()) {
      if (!stream.isOpen) continue;
      if (found !== null) return null;
      found = stream;
    }
    return found;
  }

  /** Bytes of that side were lost, which may have been of any that was under way. */
  gap(side: Side, timeNs: number): void {
    for (const { flows } of this.#byId.values()) {
      const flow = flows[side];
      flow.left = 0;
      flow.prefixBytes = 0;
      if (flow.ended) continue;
      flow.isPartial = true;
      if (timeNs - Math.max(flow.frameNs, flow.lostNs) <= nearNs) flow.lostNs = timeNs;
    }
  }

  /** Gives up those that lost bytes may have ended, after some silence; false when there are none left. */
  overdue(nowNs: number): boolean {
    let more = false;
    for (const stream of this.#byId.values()) {
      const { response } = stream;
      if (response === null) continue;
      const { lostNs } = stream.flows[response.side];
      if (lostNs === 0) continue;
      if (nowNs - lostNs < (stream.label === '' ? silenceNs : silenceOfGrpcNs)) {
        more = true;
        continue;
      }
      response.lastNs = lostNs;
      this.#giveUp(stream, response);
      stream.isTold = true;
    }
    return more;
  }

  /** Nothing more comes. */
  end(): void {
    for (const stream of this.#byId.values()) if (stream.response !== null) this.#giveUp(stream, stream.response);
    this.#byId.clear();
  }

  #forgetOldest(): void {
    const oldest = this.#byId.values().next().value!;
    this.#byId.delete(oldest.id);
    if (oldest.response !== null) this.#giveUp(oldest, oldest.response);
  }
}
