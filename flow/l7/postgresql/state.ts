/** What both sides of a PostgreSQL connection must know of each other: the calls that are open, in the order of their answers. */
import type { Statement } from '../../sql/statement.ts';

/** How the answer to a call ends. */
export type Ends =
  /** With ReadyForQuery: a simple query, a function call, the start-up. */
  | 'ready'
  /** With CommandComplete and its like: an Execute. */
  | 'complete'
  /** With the last of `steps` acknowledgements. */
  | 'steps';

/** A call, or the Sync that closes a batch of them. */
export interface Unit {
  kind: 'call' | 'sync';
  ends: Ends;
  steps: number;
  /** A simple query of one statement: its first CommandComplete is its last. */
  single: boolean;
}

export interface Prepared {
  readonly text: string;
  readonly statement: Statement;
}

const maxUnits = 4096;
const maxPrepared = 1024;

export class PostgresqlState {
  units: Unit[] = [];
  /** The server's next byte answers a request for encryption. */
  asksEncryption = false;
  namespace = '';
  readonly statements = new Map<string, Prepared>();
  readonly portals = new Map<string, Prepared>();

  add(unit: Unit): void {
    if (this.units.length >= maxUnits) this.units.length = 0;
    this.units.push(unit);
  }

  /** Bytes were lost. */
  forget(): void {
    this.units.length = 0;
    this.asksEncryption = false;
  }
}

export function remember(map: Map<string, Prepared>, name: string, prepared: Prepared | undefined): void {
  if (prepared === undefined) {
    map.delete(name);
    return;
  }
  if (map.size >= maxPrepared && !map.has(name)) map.delete(map.keys().next().value!);
  map.set(name, prepared);
}
