/** The records of flows, from the row to the request that waits to be drained. */
import { type CloseType, flowScopeName } from '../../pdata/schema/flow-log.ts';
import { RequestBuilder } from '../otlp/request-builder.ts';
import type { Conversation } from './conversation.ts';
import type { DelayBook } from './delays.ts';
import type { CapturePoint, FlowTableOptions } from './options.ts';
import type { FlowNames } from './payloads.ts';
import { peerAddress } from './peers.ts';
import { FlowRecordWriter } from './record.ts';
import {
  bitsWord,
  bytesDouble,
  type FlowCursor,
  flagsWord,
  flowBits,
  gapBytesDouble,
  minuteWord,
  packetsWord,
  peerDouble,
  peerDoubles,
  peerWord,
  peerWords,
  protocolWord,
  startDouble,
  synAckRepeatWord,
  synWord,
} from './row.ts';

const minute = 60e9;

export class FlowReports {
  /** Records that were made, and those that nobody drained in time. */
  records = 0;
  dropped = 0;
  /** While the table closes, nothing is dropped. */
  closing = false;

  readonly #options: FlowTableOptions;
  readonly #delays: DelayBook;
  readonly #writer: FlowRecordWriter;
  readonly #request: RequestBuilder;
  /** Outer addresses of tunnelled flows by row, by peer. */
  readonly #outer = new Map<number, readonly [string, string]>();
  /** How far the epoch is into its minute. */
  readonly #intoMinuteNs: number;

  constructor(options: FlowTableOptions, delays: DelayBook) {
    this.#options = options;
    this.#delays = delays;
    this.#writer = new FlowRecordWriter(options.clock, delays);
    this.#request = new RequestBuilder(flowScopeName, options.scopeVersion);
    this.#intoMinuteNs = Number(options.clock.epochUnixNs % BigInt(minute));
  }

  get pendingBytes(): number {
    return this.#request.sizeBytes;
  }

  /** More than this share of what may wait to be drained does. */
  isFull(share: number): boolean {
    return this.#request.sizeBytes > share * this.#options.maxPendingBytes;
  }

  take(): Uint8Array | null {
    return this.#request.take();
  }

  /** Number of the minute, of Unix time, that a time of the capture is in; counted from the epoch's. */
  minuteOf(timeNs: number): number {
    return Math.floor((timeNs + this.#intoMinuteNs) / minute);
  }

  /** Notes the outer addresses of a flow in a tunnel, until it is dropped. */
  tunnel(flow: FlowCursor, addresses: readonly [string, string]): void {
    this.#outer.set(flow.row, addresses);
    flow.words[flow.at + bitsWord]! |= flowBits.tunnelled;
  }

  drop(flow: FlowCursor): void {
    if (flow.words[flow.at + bitsWord]! & flowBits.tunnelled) this.#outer.delete(flow.row);
  }

  /** Makes the record of the minute that the flow was last seen in, unless nothing happened in it; `now` is the new minute. */
  periodic(flow: FlowCursor, conversation: Conversation | undefined, now: number): void {
    const { words, at } = flow;
    const end = (words[at + minuteWord]! + 1) * minute - this.#intoMinuteNs;
    if (hasPackets(flow)) this.record(flow, conversation, 'periodic', end);
    words[at + minuteWord] = now;
  }

  /** Makes the record of what happened since the last; then counting begins anew. */
  record(flow: FlowCursor, conversation: Conversation | undefined, closeType: CloseType, toNs: number): void {
    const { words, doubles, at } = flow;
    if (conversation !== undefined) {
      for (const peer of [0, 1] as const) {
        doubles[flow.half + peerDouble + peer * peerDoubles + gapBytesDouble] = conversation.takeGap(peer);
      }
    }
    if (this.isFull(1) && !this.closing) this.dropped++;
    else this.#write(flow, closeType, toNs, conversation);
    words[at + bitsWord]! |= flowBits.reported;
    this.#delays.resetAll(flow);
    clearInterval(flow);
    conversation?.identity.clearCalls();
  }

  #write(flow: FlowCursor, closeType: CloseType, toNs: number, conversation: Conversation | undefined): void {
    const minuteStart = flow.words[flow.at + minuteWord]! * minute - this.#intoMinuteNs;
    const names = this.names(flow);
    this.#writer.write(flow, {
      fromNs: Math.max(minuteStart, flow.doubles[flow.half + startDouble]!),
      toNs,
      closeType,
      interfaceName: names.interfaceName,
      observationPoint: names.observationPoint,
      tunnel: names.tunnel,
      outerAddresses: this.#outer.get(flow.row),
      conversation,
    });
    this.#request.add('', this.#options.resource, this.#writer.head, this.#writer.attributes.out);
    this.records++;
  }

  /** What the row has only numbers for. */
  names(flow: FlowCursor): FlowNames {
    const word = flow.words[flow.at + protocolWord]!;
    const point = this.#options.points[word >>> 16];
    const tunnel = (word >>> 8) & 0xff;
    return {
      interfaceName: point?.interfaceName ?? '',
      observationPoint: point === undefined ? '' : observationPoint(flow, point),
      tunnel: tunnel === 0 ? '' : this.#options.tunnelName(tunnel),
    };
  }
}

/** Where on the way of this flow the point is. */
function observationPoint(flow: FlowCursor, { observationPoint, hostAddresses }: CapturePoint): string {
  if (hostAddresses === undefined) return observationPoint;
  const client = flow.words[flow.at + bitsWord]! & flowBits.reversed ? 1 : 0;
  const atClient = hostAddresses.has(peerAddress(flow, client));
  const atServer = hostAddresses.has(peerAddress(flow, 1 - client));
  if (atClient) return atServer ? 'local' : 'c';
  return atServer ? 's' : observationPoint;
}

function hasPackets({ words, at }: FlowCursor): boolean {
  return words[at + peerWord + packetsWord] !== 0 || words[at + peerWord + peerWords + packetsWord] !== 0;
}

/** Counts of the interval begin again; what is known of the flow stays. */
function clearInterval({ words, doubles, at, half }: FlowCursor): void {
  words.fill(0, at + synWord, at + synAckRepeatWord + 1);
  for (let peer = 0; peer < 2; peer++) {
    const from = at + peerWord + peer * peerWords;
    words.fill(0, from + packetsWord, from + flagsWord + 1);
    const first = half + peerDouble + peer * peerDoubles;
    doubles.fill(0, first + bytesDouble, first + gapBytesDouble + 1);
  }
}
