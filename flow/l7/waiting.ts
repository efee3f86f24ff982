/** All requests of all connections that wait for an answer: a bounded list in order of arrival, so the oldest is found at once. */
import type { Message } from './message.ts';
import type { Outcome, Session } from './session.ts';

interface Entry {
  session: Session;
  message: Message;
  deadlineNs: number;
}

/** One per protocol, because all its requests wait equally long. */
export class Waiting {
  /** Requests given up because the table was full. */
  evicted = 0;
  readonly #timeoutNs: number;
  readonly #maxEntries: number;
  /** A Map keeps the order of insertion and forgets an entry at no cost. */
  readonly #entries = new Map<Message, Entry>();

  constructor(timeoutSeconds: number, maxEntries: number) {
    this.#timeoutNs = timeoutSeconds * 1e9;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  add(session: Session, message: Message): void {
    if (this.#entries.size >= this.#maxEntries) {
      this.evicted++;
      this.#expireFirst('unanswered');
    }
    this.#entries.set(message, { session, message, deadlineNs: message.endNs + this.#timeoutNs });
  }

  remove(message: Message): void {
    this.#entries.delete(message);
  }

  /** Gives up what has waited too long. */
  tick(nowNs: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.deadlineNs > nowNs) return;
      this.#expireFirst('timeout');
    }
  }

  #expireFirst(outcome: Outcome): void {
    const first = this.#entries.values().next().value;
    if (first === undefined) return;
    this.#entries.delete(first.message);
    first.session.expire(first.message, outcome);
  }
}
