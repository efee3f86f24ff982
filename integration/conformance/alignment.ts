/** Pairs expected messages with observed ones: in order, and so that one missing or surplus message does not spoil those behind it. */
import type { ExpectedMessage } from './expected.ts';
import type { ObservedMessage } from './observation.ts';

export interface Pair {
  /** Index of the expected message, and of its observed one; -1 where there is none. */
  readonly expected: number;
  readonly observed: number;
}

/** Keys that tell messages apart, and what agreeing in one is worth. */
const weights: Readonly<Record<string, number>> = {
  type: 4,
  frame: 4,
  requestId: 3,
  method: 2,
  resource: 2,
  statusCode: 1,
};

/** The best alignment in order (Needleman–Wunsch; lists are of hundreds, not thousands). */
export function align(expected: readonly ExpectedMessage[], observed: readonly ObservedMessage[]): Pair[] {
  if (
    expected.length === observed.length &&
    expected.every((message, index) => likeness(message, observed[index]!) > 0)
  ) {
    return expected.map((_, index) => ({ expected: index, observed: index }));
  }
  const width = observed.length + 1;
  const scores = new Int32Array((expected.length + 1) * width);
  for (let row = expected.length - 1; row >= 0; row--) {
    for (let column = observed.length - 1; column >= 0; column--) {
      const paired = scores[(row + 1) * width + column + 1]! + likeness(expected[row]!, observed[column]!);
      const alone = Math.max(scores[(row + 1) * width + column]!, scores[row * width + column + 1]!);
      scores[row * width + column] = Math.max(paired, alone);
    }
  }
  return trace(expected, observed, scores, width);
}

function trace(
  expected: readonly ExpectedMessage[],
  observed: readonly ObservedMessage[],
  scores: Int32Array,
  width: number,
): Pair[] {
  const pairs: Pair[] = [];
  let row = 0;
  let column = 0;
  while (row < expected.length && column < observed.length) {
    const here = scores[row * width + column]!;
    if (here === scores[(row + 1) * width + column + 1]! + likeness(expected[row]!, observed[column]!)) {
      pairs.push({ expected: row++, observed: column++ });
    } else if (here === scores[(row + 1) * width + column]!) pairs.push({ expected: row++, observed: -1 });
    else pairs.push({ expected: -1, observed: column++ });
  }
  while (row < expected.length) pairs.push({ expected: row++, observed: -1 });
  while (column < observed.length) pairs.push({ expected: -1, observed: column++ });
  return pairs;
}

/** More than 0 when the two can be one message. */
function likeness(expected: ExpectedMessage, observed: ObservedMessage): number {
  let score = -3;
  for (const key in weights) {
    const value = expected[key];
    if (value !== undefined && value === observed[key]) score += weights[key]!;
  }
  return score;
}
