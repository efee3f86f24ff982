/** The collector's configuration for live tests: what a filter lets through on loopback becomes spans at the sink. */
import { toSink } from '../kit/configuration.ts';

/**
 * `filter` is tcpdump's language; texts are kept as they are, for the tests compare
 * them. The ring holds all that a test says, however long the machine lets the collector wait.
 */
export function captureCalls(filter: string, sinkPort: number): string {
  const ring = { blocks: 96 };
  return toSink(sinkPort, { cbpf: { interfaces: '^lo$', filter, ring, protocols: { obfuscate: false } } });
}
