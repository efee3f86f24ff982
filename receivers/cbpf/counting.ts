/** Numbers of the capture thread, and what they grew by since the receiver heard of them. */
import type { Counted } from '../../component/capture/messages.ts';
import { decodeOutcomes } from '../../flow/packet/decode-cursor.ts';
import { type CounterName, counters } from './messages.ts';

export interface Tally {
  readonly counts: Record<CounterName, number>;
  /** Frames by outcome of their decoding; index 0 are the good ones. */
  readonly outcomes: Float64Array[];
  /** Undefined when nothing was counted. */
  take(): Counted | undefined;
}

export function createTally(): Tally {
  const names = Object.keys(counters) as CounterName[];
  const counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<CounterName, number>;
  const told = { ...counts };
  const outcomes: Float64Array[] = [];
  const toldOutcomes = new Float64Array(decodeOutcomes.length);
  return {
    counts,
    outcomes,
    take() {
      const grown: Record<string, number> = {};
      for (const name of names) {
        const more = counts[name] - told[name];
        if (more > 0) grown[name] = more;
        told[name] = counts[name];
      }
      const undecodable: Record<string, number> = {};
      for (let at = 1; at < decodeOutcomes.length; at++) {
        const sum = outcomes.reduce((total, one) => total + one[at]!, 0);
        if (sum > toldOutcomes[at]!) undecodable[decodeOutcomes[at]!] = sum - toldOutcomes[at]!;
        toldOutcomes[at] = sum;
      }
      const nothing = Object.keys(grown).length + Object.keys(undecodable).length === 0;
      return nothing ? undefined : { counts: grown, labelled: { undecodable_packets: undecodable } };
    },
  };
}
