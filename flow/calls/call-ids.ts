/** The ids of one call's span: from the trace context it carries, else from its connection and place (docs/decisions/0021). */
import type { Message } from '../l7/message.ts';
import { traceIdWords } from '../trace-context/ids.ts';
import { IdHash } from './span-ids.ts';

/** What the calls of a connection have in common for their ids. */
export interface IdBase {
  /** Hash of the two ends, and one word for the place where they were seen. */
  readonly hash: IdHash;
  readonly place: number;
}

export class CallIds {
  /** 128 bits as four words, 64 bits as two. */
  readonly trace: [number, number, number, number] = [0, 0, 0, 0];
  readonly span: [number, number] = [0, 0];
  readonly #hash = new IdHash();

  /** `first` is the call's first message that was seen; `repeats`, how many calls began at the same sequence number before it. */
  set(base: IdBase, first: Message, repeats: number): void {
    const hash = this.#hash;
    hash.copy(base.hash);
    hash.mix(first.seq);
    hash.mix(repeats);
    // Datagrams have no number of their own that another observer would see too.
    if (first.seq === 0) hash.mix(first.startNs % 0x7fff_ffff);
    hash.finish();
    const context = first.trace;
    const words = context !== null && context.traceId !== '' ? traceIdWords(context) : [hash.a, hash.b, hash.c, hash.d];
    for (let index = 0; index < 4; index++) this.trace[index as 0 | 1 | 2 | 3] = words[index]!;
    // A call seen at several points is several spans of one trace.
    hash.mix(base.place);
    hash.finish();
    this.span[0] = hash.c;
    this.span[1] = hash.d;
  }

  get traceText(): string {
    return this.trace.map(hex).join('');
  }

  get spanText(): string {
    return this.span.map(hex).join('');
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
