/** Who works on the streams of a connection, from when a probe told it to when the stream's request is read. */
import type { Worker } from '../../flow/l7/evidence.ts';

/** Streams whose request may be on its way; the request of one that is older was lost. */
const maxStreams = 1024;

export class StreamWorkers {
  /** Most connections never have one. */
  #byStream: Map<number, Worker> | null = null;

  add(stream: number, worker: Worker): void {
    this.#byStream ??= new Map();
    if (this.#byStream.size >= maxStreams) this.#byStream.delete(this.#byStream.keys().next().value!);
    this.#byStream.set(stream, worker);
  }

  take(stream: number): Worker | null {
    const worker = this.#byStream?.get(stream);
    if (worker === undefined) return null;
    this.#byStream!.delete(stream);
    return worker;
  }
}
