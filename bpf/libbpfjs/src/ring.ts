/** A ring buffer's records where the kernel wrote them. */
import { attempt, loadAddon, type RingHandle } from './addon.ts';
import { BpfError } from './error.ts';
import type { BpfMap } from './map.ts';

export interface RingOptions {
  /** Records that one `claim` tells of at most; each takes 8 bytes. Default 65,536. */
  maxRecords?: number;
  /**
   * Longest record that the programs write: of one that wraps around and is longer, what is behind this is missing. So much of the ring is
   * mapped a second time, and all that is mapped counts as resident. Default: the whole ring.
   */
  maxRecordBytes?: number;
  /** Copies records into memory of JavaScript's own, as happens by itself where Node.js allows no foreign memory. */
  copy?: boolean;
}

/** Opens the consumer's side of a map of type `ringbuf`. Only one consumer may be at work. Throws a BpfError. */
export function openRing(map: BpfMap, options: RingOptions = {}): Ring {
  if (map.type !== 'ringbuf') throw new BpfError('EINVAL', `opening ring ${map.name}`, `it is of type ${map.type}`);
  return new Ring(map, options);
}

/** Who has only the data keeps their ring: with it they would be unmapped. */
const owners = new WeakMap<ArrayBuffer, Ring>();

/**
 * ```ts
 * const count = ring.claim();
 * for (let i = 0; i < count; i++) read(view, ring.offsets[i], ring.lengths[i]);
 * ring.release();
 * ```
 * Until `release`, nothing in `data` at those places changes; after it, everything may: copy what must live longer.
 */
export class Ring {
  /**
   * The pages of the ring, and behind them its first ones again, so that each record is in one piece. They are mapped for reading: a write into
   * this array ends the process with SIGSEGV. Hand out copies or numbers, not this. Of length 0 once closed.
   */
  readonly data: Uint8Array;
  /** Where each claimed record's payload begins in `data` (always on 8 bytes), and its length in bytes. */
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** Bytes that the kernel can have waiting. */
  readonly sizeBytes: number;
  /** False when `data` is a copy of the claimed records. */
  readonly zeroCopy: boolean;
  readonly #handle: RingHandle;
  readonly #name: string;

  constructor(map: BpfMap, { maxRecords = 65_536, maxRecordBytes = map.maxEntries, copy = false }: RingOptions) {
    const fd = map.fd;
    this.#name = map.name;
    this.sizeBytes = map.maxEntries;
    this.offsets = new Uint32Array(maxRecords);
    this.lengths = new Uint32Array(maxRecords);
    const opened = attempt(`opening ring ${map.name}`, (addon) =>
      addon.openRing(fd, this.sizeBytes, this.offsets, this.lengths, Number(copy), maxRecordBytes),
    );
    this.#handle = opened.handle;
    this.zeroCopy = opened.zeroCopy;
    this.data = new Uint8Array(opened.data);
    owners.set(opened.data, this);
  }

  /**
   * Finds records that are finished, oldest first, and gives their number; 0 when none is. Stops at a record that is still
   * being written, after `maxRecords`, or after about `maxBytes`. Without `release` the next call finds the same ones.
   */
  claim(maxBytes: number = this.sizeBytes): number {
    return loadAddon().claimRing(this.#handle, maxBytes);
  }

  /** Gives the claimed records' room back to the kernel. */
  release(): void {
    loadAddon().releaseRing(this.#handle);
  }

  /** Bytes of records that were not released yet, those being written included. */
  get waitingBytes(): number {
    return loadAddon().waitingRing(this.#handle);
  }

  /**
   * Calls back in this thread's event loop whenever a program wakes the consumer (BPF_RB_FORCE_WAKEUP, or by itself when the
   * ring was empty), once per wake-up however much is left in the ring. Keeps the process alive until `close`. To be
   * called once.
   */
  onReadable(callback: () => void): void {
    attempt(`watching ring ${this.#name}`, (addon) => addon.watchRing(this.#handle, callback));
  }

  /** Unmaps the ring; a second call does nothing. The map and what waits in it stay. */
  close(): void {
    loadAddon().closeRing(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
