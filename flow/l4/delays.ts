/** The delays of a flow: count, sum and extremes in its row, and a histogram once there are two values. */
import { flowDelays } from '../../pdata/schema/flow-log.ts';
import { DelayHistogram } from './histogram.ts';
import { delayCountWord, delayDouble, delayDoubles, type FlowCursor } from './row.ts';

/** Numbers of the delays, in the order of `flowDelays`. */
export const delayNumbers = { rtt: 0, rttServer: 1, rttClient: 2, srt: 3, art: 4, cit: 5 } as const;

const second = 1e9;
/** A delay above this is no delay but a coincidence: not counted. */
const longest = [30 * second, 30 * second, 30 * second, 10 * second, 30 * second, Number.MAX_SAFE_INTEGER];

/** Histograms of one flow, by delay. */
type FlowHistograms = (DelayHistogram | undefined)[];

/** Flows that may have histograms at one time; of further ones only counts, sums and extremes are kept. */
const maxFlowsWithHistograms = 1 << 17;

/** Histograms by row, for the flows that need some. */
export class DelayBook {
  readonly #histograms: (FlowHistograms | undefined)[] = [];
  #count = 0;

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
    if (count === 2) this.#open(flow.row, delay)?.add(doubles[at]!);
    this.histogram(flow.row, delay)?.add(valueNs);
    doubles[at]! += valueNs;
    if (valueNs < doubles[at + 1]!) doubles[at + 1] = valueNs;
    if (valueNs > doubles[at + 2]!) doubles[at + 2] = valueNs;
  }

  /** The histogram of a delay of which more than one was counted in the interval; undefined when too many flows have some. */
  histogram(row: number, delay: number): DelayHistogram | undefined {
    const histogram = this.#histograms[row]?.[delay];
    return histogram === undefined || histogram.length === 0 ? undefined : histogram;
  }

  /** Forgets one delay of the flow, of the open interval. */
  reset(flow: FlowCursor, delay: number): void {
    if (flow.words[flow.at + delayCountWord + delay]! > 1) this.#histograms[flow.row]?.[delay]?.clear();
    flow.words[flow.at + delayCountWord + delay] = 0;
  }

  /** Begins a new interval. */
  resetAll(flow: FlowCursor): void {
    for (let delay = 0; delay < flowDelays.length; delay++) this.reset(flow, delay);
  }

  /** The flow is gone. */
  drop(row: number): void {
    if (this.#histograms[row] === undefined) return;
    this.#histograms[row] = undefined;
    this.#count--;
  }

  #open(row: number, delay: number): DelayHistogram | undefined {
    while (this.#histograms.length <= row) this.#histograms.push(undefined);
    let ofFlow = this.#histograms[row];
    if (ofFlow === undefined) {
      if (this.#count >= maxFlowsWithHistograms) return undefined;
      this.#count++;
      ofFlow = flowDelays.map(() => undefined);
      this.#histograms[row] = ofFlow;
    }
    ofFlow[delay] ??= new DelayHistogram();
    return ofFlow[delay];
  }
}
