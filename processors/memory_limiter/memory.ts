/** What memory the process uses and may use, and how to make it use less. */
import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * The larger of what the kernel counts (RSS: all threads, native memory, what a container is killed for) and what
 * JavaScript holds (heap and buffers, part of which may be swapped out).
 */
export function memoryUsedBytes(): number {
  const { rss, heapUsed, external } = process.memoryUsage();
  return Math.max(rss, heapUsed + external);
}

/** How full the JavaScript heap of this thread is: at 1 the engine ends the process, however much memory is free. */
export function heapFraction(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / heap_size_limit;
}

/** Memory of the container, or of the machine where there is no limit. */
export function totalMemoryBytes(): number {
  const limit = constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

type Collect = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void;

let collect: Collect | undefined;

/** A full collection that also gives empty pages back to the system: a plain one leaves RSS where it was. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}
