/** What the capture thread counts: its own numbers, and the decoders' by outcome. */
import { type Tally as CommonTally, createTally } from '../../component/capture/tally.ts';
import { decodeOutcomes } from '../../flow/packet/decode-cursor.ts';
import { type CounterName, counters } from './messages.ts';

export interface Tally extends CommonTally<CounterName> {
  /** Frames by outcome of their decoding; index 0 are the good ones. */
  readonly outcomes: Float64Array[];
}

export function createPacketTally(): Tally {
  const outcomes: Float64Array[] = [];
  const told = new Float64Array(decodeOutcomes.length);
  const tally = createTally(counters, () => {
    const undecodable: Record<string, number> = {};
    for (let at = 1; at < decodeOutcomes.length; at++) {
      const sum = outcomes.reduce((total, one) => total + one[at]!, 0);
      if (sum > told[at]!) undecodable[decodeOutcomes[at]!] = sum - told[at]!;
      told[at] = sum;
    }
    return Object.keys(undecodable).length === 0 ? {} : { undecodable_packets: undecodable };
  });
  return { ...tally, outcomes };
}
