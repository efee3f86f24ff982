/** What the collector reads in a capture, in the words of the conformance files: the one shape that all kinds share. */
import type { ExpectedFile } from './expected.ts';

/** Keys as in the README of the conformance folder; what is not known is left out or undefined. */
export type Observed = Readonly<Record<string, unknown>>;

/** `client` and `server` are `ip:port`, IPv6 in brackets. */
export interface ObservedFlow extends Observed {
  readonly client: string;
  readonly server: string;
}

/** `flow` is an index into the observed flows; messages come in the order of the capture. */
export interface ObservedMessage extends Observed {
  readonly flow: number;
  readonly dir: 'c2s' | 's2c';
  readonly type: 'request' | 'response' | 'session';
}

export interface ObservedPacket extends Observed {
  readonly frame: number;
}

export interface Observation {
  readonly flows: readonly ObservedFlow[];
  readonly messages: readonly ObservedMessage[];
  readonly packets: readonly ObservedPacket[];
}

/**
 * Reads the capture of one file. `file` is given for what a file tells about itself that a capture cannot: who is the client of
 * `flows`; its messages are not to be looked at.
 */
export type Observe = (file: ExpectedFile) => Promise<Observation>;
