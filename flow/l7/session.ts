/** Pairs the requests and responses of one connection: by id where the protocol has one, else first in, first out. */
import type { FlowIdentity } from '../identity.ts';
import type { Worker } from './evidence.ts';
import type { Input } from './input.ts';
import { Message, type MessageKind, type Side } from './message.ts';
import type { ProtocolOptions } from './options.ts';
import type { Waiting } from './waiting.ts';

/** How a call ended: `unanswered` when the connection ended or the table was full, `timeout` when the time was up. */
export type Outcome = 'answered' | 'one_way' | 'timeout' | 'unanswered' | 'unmatched_response';

/** Takes finished calls. */
export type CallSink = (session: Session, request: Message | null, response: Message | null, outcome: Outcome) => void;

/** Sees every message as it is complete, in the order of completion; for tools and tests. */
export type MessageTap = (session: Session, message: Message) => void;

/** Requests that may wait for an answer on one connection. */
const maxPending = 4096;
/** Of those, so many are searched. */
const maxLooks = 64;
/** Nothing that moved for so long waits for nothing. */
const quietNs = 1e9;

/**
 * Order of answers without ids can only be trusted while no byte is lost. After a gap among the responses nothing is paired until the
 * connection has turned once more, from a response to a request with nothing outstanding. After one among the requests those before it
 * still get their answers, the later ones wait for the turn. Where the client keeps asking while answers to others are still to come, what
 * looks like a turn is none: there the connection must have been quiet.
 */
export class Session {
  readonly identity: FlowIdentity;
  readonly options: ProtocolOptions;
  /** Name of the protocol to go on with, set by {@link switchTo}; '' means: find out anew. */
  next: string | null = null;
  /** The parser wants no more of either side. */
  stopped = false;
  /** Whatever the taker of calls keeps per connection. */
  notes: object | null = null;

  readonly #sink: CallSink;
  readonly #tap: MessageTap | null;
  readonly #waiting: Waiting;
  readonly #byId = new Map<number | string, Message>();
  #queue: Message[] = [];
  #head = 0;
  #untrusted = false;
  #turned = false;
  /** Some of those that wait together have been answered; requests came then. */
  #answered = false;
  /** That is so, unless it turns out that answers were lost. */
  #mayOverlap = false;
  #overlaps = false;
  /** A turn was believed since the last gap. */
  #believed = false;
  /** When the last message without an id ended. */
  #lastNs = 0;
  /** Messages a parser emitted during the current read. */
  readonly #emitted: Message[] = [];
  readonly #open: [Message | null, Message | null] = [null, null];

  constructor(
    identity: FlowIdentity,
    options: ProtocolOptions,
    waiting: Waiting,
    sink: CallSink,
    tap: MessageTap | null,
  ) {
    this.identity = identity;
    this.options = options;
    this.#waiting = waiting;
    this.#sink = sink;
    this.#tap = tap;
  }

  /** A new message that begins at `input.start`. It counts once it is {@link emit}ted. */
  begin(kind: MessageKind, input: Input): Message {
    const message = new Message(kind, input.side, input.startNs, input.timeNs, input.frame, input.seq, input.offset);
    message.evidence = input.evidence;
    return message;
  }

  /** The message is read; it is complete when the position that `read` returns has been reached. */
  emit(message: Message): void {
    this.#emitted.push(message);
  }

  /** The answer to a request has begun and may take long: it does not time out while the connection lasts. */
  answering(id: number | string = ''): void {
    const request = id === '' ? this.oldestPending : this.#byId.get(id);
    if (request !== undefined) request.answering = true;
  }

  /** A request that was read under another protocol, before a switch, and is answered in this one. It is not shown to the tap again. */
  adopt(message: Message): void {
    message.settled = false;
    this.#waiting.remove(message);
    this.#request(message);
  }

  /** A request that will not be answered: its stream was reset. It must have been emitted in an earlier read. */
  abandon(message: Message): void {
    this.#give(message, 'unanswered');
  }

  /** From the position that the current `read` returns, both sides speak another protocol; '' to find out which. */
  switchTo(protocol: string): void {
    this.next = protocol;
  }

  /** Nothing more is wanted of this connection: what follows is encrypted, or of no interest. */
  stop(): void {
    this.stopped = true;
  }

  /** A request with that id that still waits for its answer. */
  pending(id: number | string): Message | undefined {
    return this.#byId.get(id);
  }

  /** It became known who works on the request with that id, and so gets or gives its answer; false when none with it waits. */
  assign(id: number, worker: Worker): boolean {
    const request = this.#byId.get(id);
    if (request === undefined) return false;
    request.worker = worker;
    if (request.evidence !== null) request.evidence = { ...request.evidence, ...worker };
    return true;
  }

  /** The request that the next response without id would answer. */
  get oldestPending(): Message | undefined {
    return this.#queue[this.#head];
  }

  /** A request that waits and of which this is true; of many that wait, some are looked at. */
  findPending(matches: (request: Message) => boolean): Message | undefined {
    const end = Math.min(this.#queue.length, this.#head + maxLooks);
    for (let index = this.#head; index < end; index++) {
      const request = this.#queue[index]!;
      if (!request.settled && matches(request)) return request;
    }
    let looks = maxLooks;
    for (const request of this.#byId.values()) {
      if (matches(request)) return request;
      if (--looks === 0) return undefined;
    }
    return undefined;
  }

  /** Called by the connection: what was emitted is complete at `offset`, except the last message when `open`. */
  settle(side: Side, offset: number, timeNs: number, open: boolean): void {
    const emitted = this.#emitted;
    const count = emitted.length;
    for (let index = 0; index < count; index++) {
      const message = emitted[index]!;
      if (open && index === count - 1) {
        this.#open[side] = message;
        if (message.kind === 'response') this.answering(message.id);
        break;
      }
      this.#complete(message, offset, timeNs);
    }
    while (emitted.length > 0) emitted.pop();
  }

  /** Called by the connection: the skipped bytes have passed, or never will. */
  settleOpen(side: Side, offset: number, timeNs: number, complete: boolean): void {
    const message = this.#open[side];
    if (message === null) return;
    this.#open[side] = null;
    if (!complete) message.complete = false;
    this.#complete(message, offset, timeNs);
  }

  #complete(message: Message, offset: number, timeNs: number): void {
    message.endNs = message.lastNs > 0 ? message.lastNs : timeNs;
    if (message.sizeBytes === 0) message.sizeBytes = Math.max(0, offset - message.offset);
    this.#tap?.(this, message);
    if (message.part) return;
    const kind = message.pairedAs || message.kind;
    switch (kind) {
      case 'session':
        this.#sink(this, message, null, 'one_way');
        break;
      case 'request':
        if (message.expectsReply) this.#request(message);
        else this.#sink(this, message, null, 'one_way');
        break;
      case 'response':
        this.#response(message);
        break;
      default:
        kind satisfies never;
    }
    if (message.id === '') this.#lastNs = message.endNs;
  }

  #request(message: Message): void {
    if (message.id !== '') {
      const older = this.#byId.get(message.id);
      if (older !== undefined) this.#give(older, 'unanswered');
      if (this.#byId.size >= maxPending) this.#give(this.#byId.values().next().value!, 'unanswered');
      this.#byId.set(message.id, message);
      const worker = typeof message.id === 'number' ? this.identity.socket?.takeWorker(message.id) : null;
      if (worker) this.assign(message.id as number, worker);
      this.#waiting.add(this, message);
      return;
    }
    if (this.#untrusted) {
      const isQuiet = message.startNs - this.#lastNs >= quietNs;
      if (!this.#turned || (this.#overlaps && !isQuiet)) {
        this.#sink(this, message, null, 'unanswered');
        return;
      }
      this.#untrusted = false;
      this.#believed = !isQuiet;
    }
    if (this.#head === this.#queue.length) this.#answered = false;
    else if (this.#answered) this.#mayOverlap = true;
    if (this.#queue.length - this.#head >= maxPending) {
      this.gap();
      this.#sink(this, message, null, 'unanswered');
      return;
    }
    this.#queue.push(message);
    this.#waiting.add(this, message);
  }

  #response(message: Message): void {
    let request: Message | undefined;
    if (message.id !== '') {
      request = this.#byId.get(message.id);
      if (request !== undefined && !message.more) this.#byId.delete(message.id);
    } else {
      request = this.#queue[this.#head];
      if (request !== undefined && this.#mayOverlap && !this.#overlaps) {
        this.#overlaps = true;
        if (this.#believed) {
          this.gap();
          request = undefined;
        }
      }
      if (request !== undefined && !message.more) {
        this.#shift();
        this.#answered = true;
      }
      if (this.#queue.length === 0) this.#turned = true;
    }
    if (request === undefined && !message.more && !this.#untrusted) request = this.#unfinished(message);
    if (request === undefined) {
      if (!message.more) this.#sink(this, null, message, 'unmatched_response');
      return;
    }
    if (request.settled) return;
    if (message.more) {
      request.first ??= message;
      request.answering = true;
      return;
    }
    request.settled = true;
    this.#waiting.remove(request);
    if (request.first !== null) message.timeNs = request.first.timeNs;
    // Whoever moves the bytes of all streams has one trace id for them all: it would join what has nothing in common.
    if (request.worker !== null && message.evidence !== null)
      message.evidence = { ...message.evidence, ...request.worker };
    this.#sink(this, request, message, 'answered');
  }

  /** The request that is answered before its body has passed. */
  #unfinished(response: Message): Message | undefined {
    const side = response.side === 0 ? 1 : 0;
    const request = this.#open[side];
    if (request === null || request.kind !== 'request' || request.id !== response.id) return undefined;
    this.#open[side] = null;
    request.complete = false;
    this.#tap?.(this, request);
    return request;
  }

  #shift(): void {
    this.#head++;
    if (this.#head === this.#queue.length) {
      // Hardly ever more than one; `length = 0` would give the array's memory away, for the next request to ask for it anew.
      while (this.#queue.length > 0) this.#queue.pop();
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** A request that gets no answer any more. In a queue it stays as a mark, so that a late answer is not given to the next. */
  expire(message: Message, outcome: Outcome): void {
    if (message.settled) return;
    message.settled = true;
    if (message.id !== '') this.#byId.delete(message.id);
    this.#sink(this, message, null, outcome);
    // The mark needs no long text; who looks at messages keeps them whole.
    if (this.#tap === null) message.resource = '';
  }

  #give(message: Message, outcome: Outcome): void {
    this.#waiting.remove(message);
    this.expire(message, outcome);
  }

  /** Bytes of one side were lost: what waits by order alone is not paired any more, as far as they can have been part of it. */
  gap(side: Side = 1): void {
    this.#untrusted = true;
    this.#turned = false;
    this.#mayOverlap = false;
    if (side === 0) return;
    for (let index = this.#head; index < this.#queue.length; index++) {
      const message = this.#queue[index]!;
      if (!message.settled) this.#give(message, 'unanswered');
    }
    this.#queue.length = 0;
    this.#head = 0;
  }

  /** The connection is over. */
  close(): void {
    for (const message of [...this.#byId.values()]) this.#give(message, 'unanswered');
    this.gap();
  }
}
