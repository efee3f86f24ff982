/** Prints the first few batches of each second, and every n-th after them. */

export function createSampler(
  initial: number,
  thereafter: number,
  nowMs: () => number = () => performance.now(),
): () => boolean {
  let second = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) {
      second = now;
      count = 0;
    }
    count++;
    return count <= initial || (thereafter > 0 && (count - initial) % thereafter === 0);
  };
}
