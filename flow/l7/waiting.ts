/** All requests of all connections that wait for an answer: a bounded list in order of arrival, so the oldest is found at once. */
import type { Message } from './message.ts';
import type { Outcome, Session } from './session.ts';

/** Statements may be long: when those that wait hold more than this together, the oldest are given up. A character takes up to two bytes. */
const maxTextLength = 16 * 1024 * 1024;

/** One per protocol, because all its requests wait equally long. The links are in the messages: waiting allocates nothing. */
export class Waiting {
  /** Requests given up because the table was full. */
  evicted = 0;
  size = 0;
  /** Characters of the texts that they hold. */
  textLength = 0;
  readonly #timeoutNs: number;
  readonly #maxEntries: number;
  #oldest: Message | null = null;
  #newest: Message | null = null;

  constructor(timeoutSeconds: number, maxEntries: number) {
    this.#timeoutNs = timeoutSeconds * 1e9;
    this.#maxEntries = maxEntries;
  }

  add(session: Session, message: Message): void {
    message.waitingLength = textLength(message);
    while (
      this.size > 0 &&
      (this.size >= this.#maxEntries || this.textLength + message.waitingLength > maxTextLength)
    ) {
      this.evicted++;
      this.#expireOldest('unanswered');
    }
    this.textLength += message.waitingLength;
    message.waitingFor = session;
    message.deadlineNs = message.endNs + this.#timeoutNs;
    message.older = this.#newest;
    if (this.#newest === null) this.#oldest = message;
    else this.#newest.newer = message;
    this.#newest = message;
    this.size++;
  }

  remove(message: Message): void {
    if (message.waitingFor === null) return;
    const { older, newer } = message;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    message.older = null;
    message.newer = null;
    message.waitingFor = null;
    this.textLength -= message.waitingLength;
    this.size--;
  }

  /** Gives up what has waited too long. */
  tick(nowNs: number): void {
    while (this.#oldest !== null && this.#oldest.deadlineNs <= nowNs) {
      if (this.#oldest.answering) this.#waitOn(this.#oldest, nowNs);
      else this.#expireOldest('timeout');
    }
  }

  /** A long answer is under way: the request goes to the end of the list. */
  #waitOn(message: Message, nowNs: number): void {
    const session = message.waitingFor!;
    this.remove(message);
    this.add(session, message);
    message.deadlineNs = nowNs + this.#timeoutNs;
  }

  #expireOldest(outcome: Outcome): void {
    const message = this.#oldest!;
    const session = message.waitingFor!;
    this.remove(message);
    session.expire(message, outcome);
  }
}

/** Characters of all texts of the message, as far as they may be long. */
function textLength({ resource, domain, endpoint, requestId, facts }: Message): number {
  let length = resource.length + domain.length + endpoint.length + requestId.length;
  if (facts !== null) for (const fact of facts.values()) if (typeof fact === 'string') length += fact.length;
  return length;
}
