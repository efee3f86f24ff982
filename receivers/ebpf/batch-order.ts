/** The order in which the records of one batch are read: by the time their bytes were on the way, not by when the kernel could tell of them. */
import { event, eventKind } from '../../bpf/programs/event.gen.ts';

/** A record is hardly ever more than some places from where it belongs; beyond this, sorting is left to the engine. */
const maxShift = 32;

/**
 * A record is written when its system call returns. A reader may return before the writer of what it read does; a write counts from when it
 * was made, everything else from when it ended.
 */
export class BatchOrder {
  #keys = new Float64Array(4096);
  #order = new Uint32Array(4096);

  /** Indexes of the `count` records at `offsets` of `bytes`, in order; valid until the next call. */
  of(bytes: DataView, offsets: Uint32Array, count: number): Uint32Array {
    if (this.#keys.length < count) {
      this.#keys = new Float64Array(count * 2);
      this.#order = new Uint32Array(count * 2);
    }
    const keys = this.#keys;
    const order = this.#order.subarray(0, count);
    for (let index = 0; index < count; index++) {
      keys[index] = keyAt(bytes, offsets[index]!);
      order[index] = index;
    }
    for (let index = 1; index < count; index++) {
      const key = keys[index]!;
      let place = index;
      while (place > 0 && keys[order[place - 1]!]! > key) {
        // Equal times stay in the ring's order.
        if (index - place >= maxShift) {
          order[place] = index;
          return order.sort((one, other) => keys[one]! - keys[other]! || one - other);
        }
        order[place] = order[place - 1]!;
        place--;
      }
      order[place] = index;
    }
    return order;
  }
}

function keyAt(bytes: DataView, at: number): number {
  const isWrite = bytes.getUint8(at + event.kind) === eventKind.data && bytes.getUint8(at + event.direction) === 1;
  const timeAt = at + (isWrite ? event.beginNs : event.timeNs);
  return bytes.getUint32(timeAt, true) + bytes.getUint32(timeAt + 4, true) * 2 ** 32;
}
