/** Buffers that are used again and again, because making large ones makes the garbage collector run. */

/**
 * Without it a third of the exporter's CPU went into collections that the bytes of blocks, a kilobyte a span, set off.
 * Buffers are handed out until {@link release} says that all of them are free again.
 */
export class BufferPool {
  readonly #limit: number;
  #kept = 0;
  #free: Uint8Array[] = [];
  #taken: Uint8Array[] = [];

  /** `limit` is the number of bytes kept; what is needed beyond it is allocated and forgotten. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A buffer of at least `size` bytes, and not many times larger; its content is anything. */
  acquire(size: number): Uint8Array {
    let best = -1;
    for (let i = 0; i < this.#free.length; i++) {
      const length = this.#free[i]!.length;
      if (length >= size && length <= 4 * size && (best < 0 || length < this.#free[best]!.length)) best = i;
    }
    if (best >= 0) {
      const [buffer] = this.#free.splice(best, 1);
      this.#taken.push(buffer!);
      return buffer!;
    }
    // Sizes in steps of 64 KiB, so that they fit again.
    const buffer = Buffer.allocUnsafeSlow(this.#limit === 0 ? size : Math.ceil(size / 65_536) * 65_536);
    if (this.#kept + buffer.length <= this.#limit) {
      this.#kept += buffer.length;
      this.#taken.push(buffer);
    } else if (this.#free.length > 0) {
      // What lies unused is of the wrong size: let it go, so that the pool follows what is needed now.
      this.#kept -= this.#free.shift()!.length;
    }
    return buffer;
  }

  /** Nobody uses what was handed out any more. */
  release(): void {
    this.#free.push(...this.#taken);
    this.#taken = [];
  }
}
