/** A budget of bytes that may be in memory at once, shared by the servers of one receiver. */

/** Whoever takes bytes gives them back exactly once, when the data has left this process or was refused. */
export interface ByteBudget {
  readonly limitBytes: number;
  readonly usedBytes: number;
  /** False, taking nothing, when the budget would be exceeded. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createByteBudget(limitBytes: number): ByteBudget {
  let usedBytes = 0;
  return {
    limitBytes,
    get usedBytes() {
      return usedBytes;
    },
    take(bytes) {
      if (usedBytes + bytes > limitBytes) return false;
      usedBytes += bytes;
      return true;
    },
    give(bytes) {
      usedBytes -= bytes;
    },
  };
}
