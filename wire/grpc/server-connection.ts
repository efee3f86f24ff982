/** One client connection of the gRPC server: its calls, its keepalive and its end. */
import type { Duplex } from 'node:stream';
import type { ByteBudget } from '../byte-budget.ts';
import { Http2Connection, type Http2Limits } from '../http2/connection.ts';
import type { StreamHandler } from '../http2/stream.ts';
import type { UnaryHandler } from './server.ts';
import { type CallLimits, ServerCall } from './server-call.ts';

/** The server side of gRPC keepalive; 0 switches a limit off. */
export interface Keepalive {
  /** A connection that was silent for this long is asked for a sign of life … */
  timeMs: number;
  /** … and cut when it gives none for this long. */
  timeoutMs: number;
  /** A connection without calls for this long is asked to close. */
  maxConnectionIdleMs: number;
  /** A connection of this age is asked to close, so that clients spread anew over the servers behind a name … */
  maxConnectionAgeMs: number;
  /** … and cut when its calls take this much longer. */
  maxConnectionAgeGraceMs: number;
}

export interface ServerConnectionOptions extends CallLimits, Http2Limits {
  budget: ByteBudget;
  keepalive: Keepalive;
}

export class ServerConnection {
  readonly #http2: Http2Connection;
  readonly #keepalive: Keepalive;
  readonly #calls: Set<ServerCall>;
  readonly #openedMs: number;
  #heardMs: number;
  #idleSinceMs: number;
  #pingSentMs: number | null;

  constructor(
    socket: Duplex,
    handlers: ReadonlyMap<string, UnaryHandler>,
    options: ServerConnectionOptions,
    onClose: () => void,
  ) {
    const nowMs = Date.now();
    this.#keepalive = options.keepalive;
    this.#calls = new Set();
    this.#openedMs = nowMs;
    this.#heardMs = nowMs;
    this.#idleSinceMs = nowMs;
    this.#pingSentMs = null;
    this.#http2 = new Http2Connection(socket, options, {
      open: (stream, headers): StreamHandler => {
        const call = new ServerCall(stream, headers, handlers, options.budget, options, () => this.#forget(call));
        if (!stream.isClosed) this.#calls.add(call);
        return call;
      },
      closed: onClose,
    });
  }

  /** Calls under way go on; new ones go elsewhere. */
  goAway(): void {
    this.#http2.goAway();
  }

  /** Takes bytes of the peer, which are only used during the call. */
  receive(bytes: Buffer): void {
    this.#http2.receive(bytes);
  }

  destroy(): void {
    this.#http2.destroy();
  }

  /** Called about once a second: ends what is too slow. One timer for all calls is cheaper than a timer for each. */
  sweep(nowMs: number): void {
    for (const call of this.#calls) {
      if (call.progressMs > this.#heardMs) this.#heardMs = call.progressMs;
      call.sweep(nowMs);
    }
    const { maxConnectionIdleMs, maxConnectionAgeMs, maxConnectionAgeGraceMs } = this.#keepalive;
    const ageMs = nowMs - this.#openedMs;
    const idleMs = this.#calls.size === 0 ? nowMs - this.#idleSinceMs : 0;
    const old = maxConnectionAgeMs > 0 && ageMs > maxConnectionAgeMs;
    if (old || (maxConnectionIdleMs > 0 && idleMs > maxConnectionIdleMs)) this.goAway();
    if (old && maxConnectionAgeGraceMs > 0 && ageMs > maxConnectionAgeMs + maxConnectionAgeGraceMs) this.destroy();
    this.#askForLife(nowMs);
  }

  #askForLife(nowMs: number): void {
    const { timeMs, timeoutMs } = this.#keepalive;
    if (timeMs === 0) return;
    if (this.#pingSentMs !== null) {
      if (nowMs - this.#pingSentMs > timeoutMs) this.destroy();
    } else if (nowMs - this.#heardMs > timeMs) {
      this.#pingSentMs = nowMs;
      this.#http2.ping(() => {
        this.#pingSentMs = null;
        this.#heardMs = Date.now();
      });
    }
  }

  #forget(call: ServerCall): void {
    this.#calls.delete(call);
    this.#heardMs = Math.max(this.#heardMs, call.progressMs);
    if (this.#calls.size === 0) this.#idleSinceMs = Date.now();
  }
}
