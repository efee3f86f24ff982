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
 */
export class Work {
  readonly #byId = new Map<number, { requests: Requests; id: number }>();

  /** Data came in on a connection of which the process is the server. */
  begin(id: number, requests: Requests): void {
    if (id > 0 && this.#byId.get(id)?.requests !== requests) this.#set(id, { requests, id });
  }

  /** A call that the process made carried `asked`, and its answer began `answered`. */
  goOn(asked: number, answered: number): void {
    const work = this.#byId.get(asked);
    if (work !== undefined && answered > 0 && answered !== asked) this.#set(answered, work);
  }

  /** The request that is being worked for, while it waits. */
  find(id: number): Waiting | undefined {
    const work = this.#byId.get(id);
    if (work === undefined) return undefined;
    for (const session of work.requests.sessions()) {
      const request = session.findPending(({ evidence }) => evidence?.syscallTraceId === work.id);
      if (request !== undefined) return { session, request };
    }
    return undefined;
  }

  #set(id: number, work: { requests: Requests; id: number }): void {
    this.#byId.delete(id);
    if (this.#byId.size >= maxIds) this.#byId.delete(this.#byId.keys().next().value!);
    this.#byId.set(id, work);
  }
}
