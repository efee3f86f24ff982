/** How often finished data leaves a capture thread: each message costs both threads, however little is in it. */

/** Nobody waits for a span for less than this. */
const restMs = 200;
/** Above this, it goes on at once. */
const fullBytes = 512 << 10;

/** Gives a function that says whether it is time, with so many bytes waiting; when it says so, the rest begins anew. */
export function createPace(now: () => number = () => performance.now()): (pendingBytes: number) => boolean {
  let lastMs = -Infinity;
  return (pendingBytes) => {
    const nowMs = now();
    if (pendingBytes === 0 || (pendingBytes < fullBytes && nowMs - lastMs < restMs)) return false;
    lastMs = nowMs;
    return true;
  };
}
