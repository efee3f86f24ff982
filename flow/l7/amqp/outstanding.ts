/** Which requests of which channel wait for an answer: AMQP has no ids, an answer is known by its channel and its method. */
import type { Side } from '../message.ts';
import type { Method } from './methods.ts';

/** Requests that are kept of one connection. */
const maxWaiting = 4096;

interface Waiting {
  readonly id: string;
  readonly channel: number;
  readonly side: Side;
  readonly classId: number;
  readonly methodId: number;
}

export class Outstanding {
  #waiting: Waiting[] = [];
  #numbers = 0;

  /** Notes a request and gives it an id for the session. */
  add(channel: number, side: Side, method: Method): string {
    const id = `${channel}.${this.#numbers++}`;
    if (this.#waiting.length >= maxWaiting) this.#waiting.shift();
    this.#waiting.push({ id, channel, side, classId: method.classId, methodId: method.methodId });
    return id;
  }

  /** The oldest request of the other side on the channel that the method answers; '' when none is known. */
  answered(channel: number, side: Side, method: Method): string {
    return this.#take(
      (entry) =>
        entry.channel === channel &&
        entry.side !== side &&
        entry.classId === method.classId &&
        entry.methodId === method.answersTo,
    );
  }

  /**
   * The request that a Close refuses: the one it names, or else the oldest of its channel. A Close of the connection may refuse a request
   * of any channel.
   */
  refused(channel: number, side: Side, classId: number, methodId: number): string {
    const theirs = (entry: Waiting): boolean => entry.side !== side && (channel === 0 || entry.channel === channel);
    const named = this.#take((entry) => theirs(entry) && entry.classId === classId && entry.methodId === methodId);
    if (named !== '' || classId !== 0) return named;
    return this.#take((entry) => entry.side !== side && entry.channel === channel);
  }

  clear(): void {
    this.#waiting = [];
  }

  #take(fits: (entry: Waiting) => boolean): string {
    const index = this.#waiting.findIndex(fits);
    return index < 0 ? '' : this.#waiting.splice(index, 1)[0]!.id;
  }
}
