/** One client connection of the gRPC server: its calls, its keepalive and its end. */
import * as http2 from 'node:http2';
import type { ServerCall } from './server-call.ts';

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

export class ServerConnection {
  readonly #session: http2.ServerHttp2Session;
  readonly #keepalive: Keepalive;
  readonly #calls: Set<ServerCall>;
  readonly #openedMs: number;
  #heardMs: number;
  #idleSinceMs: number;
  #pingSentMs: number | null;
  #leaving: boolean;

  constructor(session: http2.ServerHttp2Session, keepalive: Keepalive, onClose: () => void) {
    const nowMs = Date.now();
    this.#session = session;
    this.#keepalive = keepalive;
    this.#calls = new Set();
    this.#openedMs = nowMs;
    this.#heardMs = nowMs;
    this.#idleSinceMs = nowMs;
    this.#pingSentMs = null;
    this.#leaving = false;
    session.on('close', onClose);
    // What a peer does wrong ends its own connection, which node:http2 does by itself.
    session.on('error', () => {});
  }

  add(call: ServerCall): void {
    this.#calls.add(call);
    call.stream.once('close', () => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#idleSinceMs = Date.now();
    });
  }

  /** Calls under way go on; new ones go elsewhere. */
  goAway(): void {
    this.#leaving = true;
    if (!this.#session.closed) this.#session.close();
  }

  destroy(): void {
    this.#session.destroy(undefined, http2.constants.NGHTTP2_NO_ERROR);
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
    if (!this.#leaving && (old || (maxConnectionIdleMs > 0 && idleMs > maxConnectionIdleMs))) this.goAway();
    if (old && maxConnectionAgeGraceMs > 0 && ageMs > maxConnectionAgeMs + maxConnectionAgeGraceMs) this.destroy();
    this.#askForLife(nowMs);
  }

  #askForLife(nowMs: number): void {
    const { timeMs, timeoutMs } = this.#keepalive;
    if (timeMs === 0 || this.#session.destroyed) return;
    if (this.#pingSentMs !== null) {
      if (nowMs - this.#pingSentMs > timeoutMs) this.destroy();
    } else if (nowMs - this.#heardMs > timeMs) {
      this.#pingSentMs = nowMs;
      this.#session.ping((error) => {
        if (error) return;
        this.#pingSentMs = null;
        this.#heardMs = Date.now();
      });
    }
  }
}
