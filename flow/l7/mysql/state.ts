/** What both sides of a MySQL connection must know of each other. */
import type { Statement } from '../../sql/statement.ts';
import type { Command } from './commands.ts';

/** A command whose answer is still to come. */
export interface Expected {
  readonly command: Command;
  /** Of a prepare. */
  readonly statement: Statement | null;
  readonly text: string;
  /** Database in use when it succeeds; empty when that does not change. */
  readonly namespace: string;
}

export interface Prepared {
  readonly text: string;
  readonly statement: Statement;
}

const maxExpected = 4096;
const maxPrepared = 1024;

/**
 *   greeting (server) ─► login (client) ─► exchange ─► OK ─► commands ⇄ answers
 *                           └ SSL request ─► TLS
 */
export class MysqlState {
  serverCapabilities = 0;
  clientCapabilities = 0;
  /** `mysql` or `mariadb`. */
  system = 'mysql';
  /** The greeting was read, and the login not yet. */
  greeted = false;
  /** Packets of the client are part of a login, not commands. */
  authenticating = false;
  /** The client sends a file. */
  sendsFile = false;
  compressed = false;
  namespace = '';
  expected: Expected[] = [];
  /** Statements by the id that the server gave them. */
  readonly prepared = new Map<number, Prepared>();
  lastPrepared: Prepared | null = null;

  expect(expected: Expected): void {
    if (this.expected.length >= maxExpected) this.expected.length = 0;
    this.expected.push(expected);
  }

  prepare(id: number, prepared: Prepared): void {
    if (this.prepared.size >= maxPrepared) this.prepared.delete(this.prepared.keys().next().value!);
    this.prepared.set(id, prepared);
    this.lastPrepared = prepared;
  }

  /** Bytes were lost. */
  forget(): void {
    this.expected.length = 0;
    this.sendsFile = false;
    this.authenticating = false;
  }
}
