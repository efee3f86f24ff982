/** Tells what the source of a request's body threw from what went wrong with the request. */

export interface WatchedSource {
  /** What the source gives, and its end. */
  chunks: Iterable<Uint8Array>;
  /** What the source threw; undefined as long as it has thrown nothing. */
  thrown(): unknown;
}

/**
 * An error of the source breaks the request, so it looks like a connection that broke. What the stream throws into its
 * source when the request ends early is not the source's, and is not passed on to it.
 */
export function watchSource(source: Iterable<Uint8Array>): WatchedSource {
  let thrown: unknown;
  const iterator = source[Symbol.iterator]();
  function next(): IteratorResult<Uint8Array> {
    try {
      return iterator.next();
    } catch (error) {
      thrown = error;
      throw error;
    }
  }
  function* chunks(): Generator<Uint8Array> {
    try {
      for (let step = next(); !step.done; step = next()) yield step.value;
    } finally {
      iterator.return?.();
    }
  }
  return { chunks: chunks(), thrown: () => thrown };
}
