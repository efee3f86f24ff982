/** The contract of a protocol: how it is recognised, read, and told as a span. One declaration per folder. */
import type { Transport } from '../identity.ts';
import type { SpanWriter } from '../otlp/span-writer.ts';
import type { Input } from './input.ts';
import type { Message, Side } from './message.ts';
import type { Session } from './session.ts';

/**
 * What a look at the first bytes of a stream tells. `client`: they are of this protocol and only a client sends them; `server`: only a
 * server does; `either`: of this protocol, but not who sends. `more`: too few bytes to tell. A `probe` is strict: it costs little
 * to say `more` or `no`, and a wrong yes makes spans that never were.
 */
export type Verdict = 'no' | 'more' | 'client' | 'server' | 'either';

export interface Protocol {
  /** The word in YAML, the folder, `deepflow.protocol.name`. */
  readonly name: string;
  /** As people write it: `HTTP`, `PostgreSQL`; becomes `deepflow.protocol`. */
  readonly label: string;
  readonly transports: readonly Transport[];
  /** Ports it is registered for; it is tried first there, and never only there. */
  readonly ports: readonly number[];
  /** How long a request waits for its answer, in seconds, when YAML says nothing. */
  readonly timeoutSeconds?: number;
  /** Looks at the first unread bytes of one side. Never throws, never keeps the bytes. */
  probe(input: Input): Verdict;
  /** A parser for one connection. */
  createParser(session: Session): Parser;
  /**
   * Writes name, kind, status and attributes of the span of one call. At least one of the two is there. What every span has (addresses,
   * ports, transport, sizes, flow, tcp sequence numbers, trace context) is written by the caller.
   */
  describe(span: SpanWriter, request: Message | null, response: Message | null): void;
}

/** Asks {@link Parser.read} to return this when the bytes cannot be of the protocol: the stream is searched for its next message. */
export const lost = -1;

/** Reads one connection. It has all the state it needs for both sides; it never sees packets, only bytes in order. */
export interface Parser {
  /**
   * Reads ONE message or frame of `input.side` in `input.bytes[input.start, input.end)` and returns where the next one begins:
   * - `input.start`: more bytes are needed; the same bytes are offered again with more behind them. When `input.full` is true no more will
   *   come (64 KiB are kept, a datagram is whole, the stream ended): take what is there and return a position after it, or `lost`.
   * - up to `input.end`: what was emitted is complete.
   * - beyond `input.end`: the bytes up to there are skipped unseen when they come, at no cost: a body nobody reads, a long frame whose head
   *   was enough. The last message emitted is complete when they have all passed; `endOfStream` skips all to the end of the side.
   * - `lost`: these bytes are not of this protocol.
   * Must be cheap when more is needed: look at the length first.
   */
  read(input: Input): number;
  /**
   * While the stream is searched, after a gap: whether a message of this side begins at `input.start`. The parser knows more than the probe: who
   * sends what, which ids wait for an answer. Without it the probe decides.
   */
  resume?(input: Input): boolean;
  /** What that side sends refers to what it sent before we came, and only who is inside the process can tell what that was. */
  lacksTable?(side: Side): boolean;
  /** Bytes of that side were lost, in the middle of something: forget what depends on them. What was half read is gone. */
  gap?(side: Side, timeNs: number): void;
  /**
   * Bytes of that side passed that the observer chose not to look at: whoever reads system calls leaves out what does not begin a message.
   * True when they are part of a body whose end the parser finds by the next message, or knows; false when they are as good as lost. `offset` is
   * the position behind them.
   */
  unseen?(side: Side, length: number, offset: number, timeNs: number): boolean;
  /**
   * Asked about once a second after bytes were lost: gives up what they may have ended, and nothing was heard of since. False when nothing of
   * that kind is left.
   */
  overdue?(nowNs: number): boolean;
  /** The side will send nothing more. */
  finish?(side: Side): void;
}

/** A position beyond everything: skip to the end of this side's stream (HTTP/1.0 bodies). */
export const endOfStream: number = Number.MAX_SAFE_INTEGER;
