/** The delays of a flow: count, sum and extremes in its row, and a histogram once there are two values. */
import { flowDelays } from '../../pdata/schema/flow-log.ts';
import { DelayHistogram } from './histogram.ts';
import { delayCountWord, delayDouble, delayDoubles, type FlowCursor } from './row.ts';

/** Numbers of the delays, in the order of `flowDelays`. */
export const delayNumbers = { rtt: 0, rttServer: 1, rttClient: 2, srt: 3, art: 4, cit: 5 } as const;

const second = 1e9;
/** A delay above this is no delay but a coincidence: not counted. */
const longest = [30 * second, 30 * second, 30 * second, 10 * second, 30 * second, Number.MAX_SAFE_INTEGER];

/** Histograms by row, for the flows that need some. */
export class DelayBook {
  readonly #histograms: (DelayHistogram | null)[][] = [];

  /** Notes a delay; 0, negative and too long ones are not counted. */
  add(flow: FlowCursor, delay: number, valueNs: number): void {
    if (!(valueNs > 0) || valueNs > longest[delay]!) return;
    const { words, doubles } = flow;
    const at = flow.half + delayDouble + delay * delayDoubles;
    const count = ++words[flow.at + delayCountWord + delay]!;
    if (count === 1) {
      doubles[at] = valueNs;
      doubles[at + 1] = valueNs;
      doubles[at + 2] = valueNs;
      return;
    }
    if (count === 2) this.#open(flow.row, delay).add(doubles[at]!);
    this.#histograms[flow.row]![delay]!.add(valueNs);
    doubles[at]! += valueNs;
    if (valueNs < doubles[at + 1]!) doubles[at + 1] = valueNs;
    if (valueNs > doubles[at + 2]!) doubles[at + 2] = valueNs;
  }

  /** The histogram of a delay of which more than one was counted in the interval. */
  histogram(row: number, delay: number): DelayHistogram {
    return this.#histograms[row]![delay]!;
  }

  /** Forgets one delay of the flow, of the open interval. */
  reset(flow: FlowCursor, delay: number): void {
    if (flow.words[flow.at + delayCountWord + delay]! > 1) this.#histograms[flow.row]![delay]!.clear();
    flow.words[flow.at + delayCountWord + delay] = 0;
  }

  /** Begins a new interval. */
  resetAll(flow: FlowCursor): void {
    for (let delay = 0; delay < flowDelays.length; delay++) this.reset(flow, delay);
  }

  /** The flow is gone. */
  drop(row: number): void {
    if (this.#histograms[row] !== undefined && this.#histograms[row]!.length > 0) this.#histograms[row] = none;
  }

  #open(row: number, delay: number): DelayHistogram {
    while (this.#histograms.length <= row) this.#histograms.push(none);
    let ofFlow = this.#histograms[row]!;
    if (ofFlow === none) {
      ofFlow = flowDelays.map(() => null);
      this.#histograms[row] = ofFlow;
    }
    ofFlow[delay] ??= new DelayHistogram();
    return ofFlow[delay];
  }
}

/** What the rows without histograms share. */
const none: (DelayHistogram | null)[] = [];
