/** Names of topics by their id: Fetch 13, Produce 13 and later requests name a topic by its UUID only (KIP-516). */
import { latin1 } from '../text.ts';

const maxNames = 16_384;

/**
 * Ids are random UUIDs, the same on every connection to a cluster, so what a Metadata response taught on one connection names
 * the topic on all others. Bounded: the oldest is forgotten.
 */
export class TopicNames {
  readonly #names = new Map<string, string>();

  learn(bytes: Buffer, at: number, name: string): void {
    const id = latin1(bytes, at, at + 16);
    if (this.#names.get(id) === name) return;
    if (this.#names.size >= maxNames) this.#names.delete(this.#names.keys().next().value!);
    this.#names.set(id, name);
  }

  /** Empty when the id was never seen with a name. */
  name(bytes: Buffer, at: number): string {
    return this.#names.get(latin1(bytes, at, at + 16)) ?? '';
  }
}

/** Shared by all connections of a process. */
export const topicNames = new TopicNames();
