/** Events of a socket that came before others that they follow: a thread that reads may be told before the one that wrote. */
import type { Entry } from './socket-entry.ts';
import { copyEvent, type Direction, type SocketEvent } from './socket-event.ts';

/** An event waits so long for those before it. */
const waitNs = 500e6;
/** Events of one socket that may wait. */
const maxWaiting = 256;

export interface EarlyEventsOptions {
  /** Takes an event whose turn it is. */
  deliver(entry: Entry, event: SocketEvent): void;
  /** Bytes of that direction, up to that sequence, will not come. */
  lose(entry: Entry, direction: Direction, until: number, timeNs: number): void;
}

export class EarlyEvents {
  /** `reordered`: events that waited for one that came later; `unordered`: those that waited in vain. */
  readonly counters = { reordered: 0, unordered: 0 };
  readonly #options: EarlyEventsOptions;
  readonly #waiting = new Set<Entry>();

  constructor(options: EarlyEventsOptions) {
    this.#options = options;
  }

  /** Delivers the event and what waited for it, or keeps a copy. */
  take(entry: Entry, event: SocketEvent): void {
    // What waits for bytes that come before these waits in vain: they would have been told by now.
    if (entry.early !== null && entry.early[0]!.direction !== event.direction) this.giveUp(entry, event.sequence);
    if (entry.early === null) {
      if (isEarly(entry, event)) this.#keep(entry, event);
      else this.#options.deliver(entry, event);
    } else if (entry.early[0]!.direction === event.direction) this.#keep(entry, event);
    else {
      this.#options.deliver(entry, event);
      this.#resume(entry);
    }
  }

  /** All events before `nowNs` were taken. */
  tick(nowNs: number): void {
    for (const entry of this.#waiting) if (entry.early![0]!.timeNs + waitNs < nowNs) this.giveUp(entry);
  }

  /** What these events wait for was lost: of all of them, or of those that wait for no more than comes before `until`. */
  giveUp(entry: Entry, until?: number): void {
    const { early } = entry;
    if (early === null) return;
    let at = 0;
    while (at < early.length && (until === undefined || ((until - early[at]!.otherSequence) | 0) >= 0)) at++;
    if (at === 0) return;
    this.#leave(entry, at);
    this.counters.unordered += at;
    for (const event of early.slice(0, at)) {
      this.#options.lose(entry, event.direction === 0 ? 1 : 0, event.otherSequence, event.timeNs);
      this.#options.deliver(entry, event);
    }
  }

  #keep(entry: Entry, event: SocketEvent): void {
    entry.early ??= [];
    entry.early.push(copyEvent(event));
    this.#waiting.add(entry);
    this.counters.reordered++;
    if (entry.early.length > maxWaiting) this.giveUp(entry);
  }

  /** Goes on with what waited as far as it can. */
  #resume(entry: Entry): void {
    const early = entry.early!;
    let at = 0;
    for (; at < early.length && !isEarly(entry, early[at]!); at++) this.#options.deliver(entry, early[at]!);
    this.#leave(entry, at);
  }

  /** The first `count` wait no more. */
  #leave(entry: Entry, count: number): void {
    entry.early = count === entry.early!.length ? null : entry.early!.slice(count);
    if (entry.early === null) this.#waiting.delete(entry);
  }
}

/** Whether bytes of the other direction that came before these have not been told yet. */
function isEarly(entry: Entry, event: SocketEvent): boolean {
  const stream = entry.plain;
  if (stream === null || entry.isUnix) return false;
  const other = stream.expected(event.direction === 0 ? 1 : 0);
  return other >= 0 && ((event.otherSequence - other) | 0) > 0;
}
