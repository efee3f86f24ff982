/** Buffers for the unread bytes of streams, used again: sizes are powers of two, and only a bounded number is kept. */

const smallest = 512;
const keptPerSize = 256;

export class WindowPool {
  readonly #free: Buffer[][] = [];
  /** Bytes handed out and not given back. */
  usedBytes = 0;

  take(size: number): Buffer {
    const shift = Math.max(0, 32 - Math.clz32(Math.ceil(size / smallest) - 1));
    const length = smallest << shift;
    this.usedBytes += length;
    return this.#free[shift]?.pop() ?? Buffer.allocUnsafeSlow(length);
  }

  give(buffer: Buffer): void {
    this.usedBytes -= buffer.length;
    const shift = 31 - Math.clz32(buffer.length / smallest);
    this.#free[shift] ??= [];
    const free = this.#free[shift];
    if (free.length < keptPerSize && buffer.length <= 128 * 1024) free.push(buffer);
  }
}
