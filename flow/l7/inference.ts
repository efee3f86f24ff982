/** Finds out which protocol a connection speaks, from the first bytes of either side. */
import type { FlowIdentity } from '../identity.ts';
import type { Analysis } from './analysis.ts';
import type { Input } from './input.ts';
import type { Protocol } from './protocol.ts';

/** Pieces of data without a result after which a connection is given up. */
const maxLooks = 10;

/**
 * Asks the probes in this order: the protocol last seen at this server, those registered for its port, all others in the order of the
 * list.
 */
export class Inference {
  /** Nothing was found and nothing more will be. */
  exhausted = false;
  /** The one taken for the client is the server. */
  reversed = false;

  readonly #analysis: Analysis;
  readonly #server: string;
  /** What was seen first may be the middle of something: that nothing is recognised says little of the server. */
  #isPartial: boolean;
  readonly #candidates: Protocol[];
  #looks = 0;

  constructor(identity: FlowIdentity, analysis: Analysis) {
    this.#analysis = analysis;
    this.#isPartial = identity.isOlder;
    // What a TLS library shows of a connection, and what it makes of that, are of different protocols.
    const plane = identity.socket?.tlsLibrary ? 'tls' : identity.transport;
    this.#server = `${identity.serverAddress} ${identity.serverPort} ${plane}`;
    const known = analysis.servers.recall(this.#server);
    this.#candidates = known === null ? [] : order(identity, analysis, known);
    this.exhausted = known === null;
  }

  /** Which protocol the window begins with; null when it cannot be told yet, or ever ({@link exhausted}). */
  look(input: Input): Protocol | null {
    let undecided = false;
    for (const protocol of this.#candidates) {
      const verdict = protocol.probe(input);
      if (verdict === 'no') continue;
      if (verdict === 'more') {
        undecided = true;
        continue;
      }
      if (verdict !== 'either') this.reversed = (verdict === 'client') !== (input.side === 0);
      if (!this.reversed) this.#analysis.servers.remember(this.#server, protocol);
      return protocol;
    }
    if (undecided && !input.full && input.length < 4096) return null;
    input.start = input.end;
    // Left alone, without another look that would make the server's next ones left alone for longer.
    if (this.exhausted) return null;
    // None of them: a connection joined in the middle of a message gets some more chances.
    if (++this.#looks >= maxLooks || this.#candidates.length === 0) {
      this.exhausted = true;
      if (!this.#isPartial) this.#analysis.servers.fail(this.#server);
    }
    return null;
  }

  /** Bytes were lost before anything was known: what comes next may be the middle of something. */
  gap(): void {
    this.#looks++;
    this.#isPartial = true;
  }
}

function order(identity: FlowIdentity, analysis: Analysis, known: Protocol | undefined): Protocol[] {
  const { protocols, options } = analysis;
  const port = identity.serverPort;
  const first: Protocol[] = known === undefined ? [] : [known];
  const rest: Protocol[] = [];
  for (const protocol of protocols) {
    if (protocol === known || !protocol.transports.includes(identity.transport)) continue;
    const registered = protocol.ports.includes(port) || (options.ports[protocol.name]?.includes(port) ?? false);
    (registered ? first : rest).push(protocol);
  }
  return first.concat(rest);
}
