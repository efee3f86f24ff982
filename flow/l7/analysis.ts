/** What all connections of one analyser share: protocols, options, counters, waiting requests, and where calls go. */
import { Input } from './input.ts';
import type { Message } from './message.ts';
import type { ProtocolOptions } from './options.ts';
import type { Protocol } from './protocol.ts';
import { ServerMemory } from './server-memory.ts';
import type { Outcome, Session } from './session.ts';
import { Waiting } from './waiting.ts';
import { WindowPool } from './window-pool.ts';

export type ProtocolCallSink = (
  protocol: Protocol,
  session: Session,
  request: Message | null,
  response: Message | null,
  outcome: Outcome,
) => void;

/** Hears of mistakes in parsers and describers: exceptions that they should not have thrown. */
export type FailureHandler = (error: unknown, protocol: string) => void;

export type ProtocolMessageTap = (protocol: Protocol, session: Session, message: Message) => void;

/** Requests that may wait for an answer, over all connections of one protocol. */
const maxWaiting = 65_536;
const defaultTimeoutSeconds = 120;

export class Analysis {
  readonly protocols: readonly Protocol[];
  readonly byName: ReadonlyMap<string, Protocol>;
  readonly options: ProtocolOptions;
  readonly sink: ProtocolCallSink;
  readonly tap: ProtocolMessageTap | null;
  readonly input = new Input();
  readonly windows = new WindowPool();
  readonly servers = new ServerMemory();
  /** Connections of which bytes were lost that may have ended something. */
  readonly overdue = new Set<{ overdue(nowNs: number): boolean }>();
  /** `failed`: connections given up for a mistake in a parser; `lost`: streams that did not parse at some point; `tooLong`: messages whose head did not fit the window. */
  readonly counters = { failed: 0, unrecognised: 0, lost: 0, tooLong: 0, gaps: 0, gapBytes: 0 };

  readonly #onFailure: FailureHandler | null;
  #viewed: Uint8Array | null = null;
  #view: Buffer = Buffer.alloc(0);
  readonly #waiting = new Map<Protocol, Waiting>();

  constructor(
    protocols: readonly Protocol[],
    options: ProtocolOptions,
    sink: ProtocolCallSink,
    tap: ProtocolMessageTap | null = null,
    onFailure: FailureHandler | null = null,
  ) {
    this.#onFailure = onFailure;
    const { enabled } = options;
    this.protocols = enabled === null ? protocols : protocols.filter((protocol) => enabled.has(protocol.name));
    this.byName = new Map(this.protocols.map((protocol) => [protocol.name, protocol]));
    this.options = options;
    this.sink = sink;
    this.tap = tap;
  }

  /** The same memory as a Buffer, whose methods read texts. Packets come from few arrays, so the last view is kept. */
  asBuffer(bytes: Uint8Array): Buffer {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }

  /** Counts a mistake and tells it; without a handler, as in tests, it is thrown on. */
  fail(error: unknown, protocol: string): void {
    this.counters.failed++;
    if (this.#onFailure === null) throw error;
    this.#onFailure(error, protocol);
  }

  /** The requests of one protocol that wait for an answer. */
  waiting(protocol: Protocol): Waiting {
    let waiting = this.#waiting.get(protocol);
    if (waiting === undefined) {
      const seconds = this.options.timeouts[protocol.name] ?? protocol.timeoutSeconds ?? defaultTimeoutSeconds;
      waiting = new Waiting(seconds, maxWaiting);
      this.#waiting.set(protocol, waiting);
    }
    return waiting;
  }

  /** Gives up requests that have waited too long. Call it about once a second. */
  tick(nowNs: number): void {
    for (const waiting of this.#waiting.values()) waiting.tick(nowNs);
    for (const connection of this.overdue) if (!connection.overdue(nowNs)) this.overdue.delete(connection);
    this.servers.tick(nowNs);
  }
}
