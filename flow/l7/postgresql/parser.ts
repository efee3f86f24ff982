/** Reads one PostgreSQL connection: the client's and the server's reader, and what they share. */
import type { Input } from '../input.ts';
import type { Side } from '../message.ts';
import type { Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { ClientReader } from './client-reader.ts';
import { ServerReader } from './server-reader.ts';
import { PostgresqlState } from './state.ts';

export class PostgresqlParser implements Parser {
  readonly #state = new PostgresqlState();
  readonly #client: ClientReader;
  readonly #server: ServerReader;

  constructor(session: Session) {
    this.#client = new ClientReader(session, this.#state);
    this.#server = new ServerReader(session, this.#state);
  }

  read(input: Input): number {
    return input.side === 0 ? this.#client.read(input) : this.#server.read(input);
  }

  /** An answer whose end will never come is told as far as it came. */
  finish(side: Side): void {
    if (side === 1) this.#server.cut();
  }

  /** Whose answer comes next is not known any more. */
  gap(_side: Side): void {
    this.#state.forget();
    this.#client.forget();
    this.#server.forget();
  }
}
