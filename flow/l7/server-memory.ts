/** What was found out about servers, so that the next connection to one is recognised, or left alone, at its first byte. */
import type { Protocol } from './protocol.ts';

interface Known {
  protocol: Protocol | null;
  /** Connections in a row of which nothing was recognised. */
  failures: number;
  untilNs: number;
}

const maxServers = 65_536;
const memoryNs = 60e9;
/** So many connections without a result, and the server's next ones are not looked at for a while. */
const enoughFailures = 8;

export class ServerMemory {
  readonly #servers = new Map<string, Known>();
  #nowNs = 0;

  /** The protocol last seen there; null when several connections gave nothing; undefined when it is not known. */
  recall(server: string): Protocol | null | undefined {
    const known = this.#servers.get(server);
    if (known === undefined || known.untilNs < this.#nowNs) return undefined;
    if (known.protocol !== null) return known.protocol;
    return known.failures >= enoughFailures ? null : undefined;
  }

  remember(server: string, protocol: Protocol): void {
    this.#set(server, { protocol, failures: 0, untilNs: this.#nowNs + memoryNs });
  }

  /** A connection of which nothing was recognised. A server whose protocol is known does not lose it by that. */
  fail(server: string): void {
    const known = this.#servers.get(server);
    if (known !== undefined && known.protocol !== null) return;
    this.#set(server, { protocol: null, failures: (known?.failures ?? 0) + 1, untilNs: this.#nowNs + memoryNs });
  }

  tick(nowNs: number): void {
    this.#nowNs = nowNs;
  }

  #set(server: string, known: Known): void {
    this.#servers.delete(server);
    if (this.#servers.size >= maxServers) this.#servers.delete(this.#servers.keys().next().value!);
    this.#servers.set(server, known);
  }
}
