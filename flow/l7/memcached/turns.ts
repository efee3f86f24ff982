/** The order of answers of one connection: quiet commands are answered only when something went wrong, or something was found. */
import type { Input } from '../input.ts';
import type { Session } from '../session.ts';

/** A command that waits for its answer. `tag` comes back in the answer: opaque, and in the binary protocol the opcode too. */
export interface Turn {
  readonly quiet: boolean;
  readonly tag: string | number;
}

const maxTurns = 4096;

export class Turns {
  readonly #session: Session;
  #queue: Turn[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  add(turn: Turn): void {
    if (this.#queue.length >= maxTurns) this.#queue.length = 0;
    this.#queue.push(turn);
  }

  /**
   * An answer with that tag came: the quiet commands before its own got none, which is their answer. They are told so now, for nothing can be
   * known before.
   */
  answer(input: Input, tag: string | number): void {
    const queue = this.#queue;
    let own = 0;
    while (own < queue.length && queue[own]!.quiet && queue[own]!.tag !== tag) own++;
    for (let index = 0; index < own; index++) {
      const silent = this.#session.begin('response', input);
      silent.status = 'ok';
      silent.fact('implied', true);
      this.#session.emit(silent);
    }
    queue.splice(0, own);
  }

  /** The answer that began is complete. */
  done(): void {
    this.#queue.shift();
  }

  clear(): void {
    this.#queue.length = 0;
  }
}
