/** The verbs of the NATS protocol (docs.nats.io, "Client Protocol"; routes and leaf nodes as the server's source has them). */
import type { Side } from '../message.ts';

export interface Verb {
  readonly name: string;
  /** Who sends it; null: both. */
  readonly side: Side | null;
  /** `line`: nothing behind the line. `payload`: the last word is its size. `headers`: the last two words are the sizes of headers and of all. */
  readonly body: 'line' | 'payload' | 'headers';
  /** Which word after the verb is the subject; -1 none. */
  readonly subject: number;
  /** Which is the subscription's id; -1 none. */
  readonly sid: number;
  /** How many words before the sizes there are at least and at most; with one more than the least, that is the reply subject. */
  readonly words: readonly [least: number, most: number];
}

function verb(
  name: string,
  side: Side | null,
  body: Verb['body'],
  words: readonly [number, number],
  subject = -1,
  sid = -1,
): Verb {
  return { name, side, body, words, subject, sid };
}

const list: readonly Verb[] = [
  verb('INFO', null, 'line', [1, 4096]),
  verb('CONNECT', null, 'line', [1, 4096]),
  verb('PUB', 0, 'payload', [1, 2], 0),
  verb('HPUB', 0, 'headers', [1, 2], 0),
  verb('SUB', 0, 'line', [2, 3], 0),
  verb('UNSUB', 0, 'line', [1, 2], -1, 0),
  verb('MSG', 1, 'payload', [2, 3], 0, 1),
  verb('HMSG', 1, 'headers', [2, 3], 0, 1),
  verb('PING', null, 'line', [0, 0]),
  verb('PONG', null, 'line', [0, 0]),
  verb('+OK', 1, 'line', [0, 0]),
  verb('-ERR', null, 'line', [0, 4096]),
  // Between servers: account, subject, reply or queues, sizes.
  verb('RS+', null, 'line', [2, 4], 1),
  verb('RS-', null, 'line', [2, 3], 1),
  verb('RMSG', null, 'payload', [2, 16], 1),
  verb('A+', null, 'line', [1, 1]),
  verb('A-', null, 'line', [1, 1]),
  verb('LS+', null, 'line', [1, 3], 0),
  verb('LS-', null, 'line', [1, 2], 0),
  verb('LMSG', null, 'payload', [1, 16], 0),
];

const byName: ReadonlyMap<string, Verb> = new Map(list.map((entry) => [entry.name, entry]));

/** Letters of the longest verb. */
export const longestVerb = 7;

/** Verbs are written in any case. */
export function verbOf(text: string): Verb | undefined {
  return byName.get(text) ?? byName.get(text.toUpperCase());
}
