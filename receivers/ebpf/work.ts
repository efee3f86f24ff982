/** Remembers which connection's request each syscall trace id works for, so that what a thread does meanwhile finds its call. */

import type { Message } from '../../flow/l7/message.ts';
import type { Session } from '../../flow/l7/session.ts';

/** Ids that are remembered; a request is answered long before so many others came. */
const maxIds = 8192;

/** Where requests of a connection wait for their answers. */
export interface Requests {
  /** Sessions of the connection: plain and in the clear. */
  sessions(): Iterable<Session>;
}

export interface Waiting {
  session: Session;
  request: Message;
}

/**
 * An id begins with what a thread read. When that was a request that came in, the thread works for it; what it asks others meanwhile
 * carries the same id, and their answer begins an id that works for the same request.
 *
 * Ids rise, so each has the place of the one that was `maxIds` before: a map that forgets its oldest cost a twelfth of the capture thread.
 */
export class Work {
  readonly #ids = new Float64Array(maxIds);
  /** The id that began the work, and the connection that it came in on. */
  readonly #begun = new Float64Array(maxIds);
  readonly #requests: (Requests | null)[] = new Array<Requests | null>(maxIds).fill(null);

  /** Data came in on a connection of which the process is the server. */
  begin(id: number, requests: Requests): void {
    const place = id % maxIds;
    const isKnown = this.#ids[place] === id && this.#requests[place] === requests;
    if (id > 0 && !isKnown) this.#set(id, id, requests);
  }

  /** A call that the process made carried `asked`, and its answer began `answered`. */
  goOn(asked: number, answered: number): void {
    if (answered <= 0 || answered === asked) return;
    const place = asked % maxIds;
    if (this.#ids[place] === asked) this.#set(answered, this.#begun[place]!, this.#requests[place]!);
  }

  /** The request that is being worked for, while it waits. */
  find(id: number): Waiting | undefined {
    const place = id % maxIds;
    const requests = this.#requests[place];
    if (this.#ids[place] !== id || !requests) return undefined;
    const begun = this.#begun[place];
    for (const session of requests.sessions()) {
      const request = session.findPending(({ evidence }) => evidence?.syscallTraceId === begun);
      if (request !== undefined) return { session, request };
    }
    return undefined;
  }

  #set(id: number, begun: number, requests: Requests | null): void {
    const place = id % maxIds;
    this.#ids[place] = id;
    this.#begun[place] = begun;
    this.#requests[place] = requests;
  }
}
