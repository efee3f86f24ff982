/** Reads one Redis connection: commands of the client, replies and pushed messages of the server. */
import type { Input } from '../input.ts';
import type { Side } from '../message.ts';
import type { Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { CommandReader } from './command-reader.ts';
import { ReplyReader } from './reply-reader.ts';

/** What both sides of a connection must know of each other. */
export class RedisState {
  /** SELECTed database; empty while it is not known. */
  namespace = '';
  /** The client subscribed: arrays may be messages that nobody asked for. */
  subscribed = false;
  monitoring = false;
  /** Commands get no reply: after CLIENT REPLY OFF, or for one command after SKIP. */
  silent = false;
  skipOne = false;
  /** Commands queued since MULTI; -1 outside a transaction. */
  queued = -1;
}

export class RedisParser implements Parser {
  readonly #commands: CommandReader;
  readonly #replies: ReplyReader;

  constructor(session: Session) {
    const state = new RedisState();
    this.#commands = new CommandReader(session, state);
    this.#replies = new ReplyReader(session, state);
  }

  read(input: Input): number {
    return input.side === 0 ? this.#commands.read(input) : this.#replies.read(input);
  }

  /** A reply whose end will never come is told as far as it came. */
  finish(side: Side): void {
    if (side === 1) this.#replies.cut();
  }

  gap(side: Side): void {
    if (side === 0) this.#commands.forget();
    else this.#replies.forget();
  }
}
