/** Puts the handshake messages of one side together: a record may hold several, and one may be spread over many records. */

const headBytes = 4;
/** Bytes kept of one message; what is behind them (long chains of certificates) passes unseen. */
const maxKept = 32 * 1024;

/** Takes a message of type `type`, whose body is in [start, end). It is cut when the message is longer than what is kept. */
export type TakeMessage = (type: number, bytes: Buffer, start: number, end: number) => void;

export class HandshakeJoiner {
  #kept: Buffer = Buffer.alloc(0);
  #length = 0;
  #skip = 0;

  /** Takes the content of one record. */
  add(bytes: Buffer, at: number, end: number, take: TakeMessage): void {
    while (at < end) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, end - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      if (this.#length === 0 && end - at >= headBytes) {
        const next = at + headBytes + bytes.readUIntBE(at + 1, 3);
        if (next <= end) {
          take(bytes[at]!, bytes, at + headBytes, next);
          at = next;
          continue;
        }
      }
      at = this.#keep(bytes, at, end, take);
    }
  }

  /** What there is of a message whose rest will not come. */
  flush(take: TakeMessage): void {
    if (this.#length > headBytes) take(this.#kept[0]!, this.#kept, headBytes, this.#length);
    this.#length = 0;
    this.#skip = 0;
  }

  #keep(bytes: Buffer, at: number, end: number, take: TakeMessage): number {
    if (this.#length < headBytes) {
      at = this.#append(bytes, at, Math.min(end, at + headBytes - this.#length));
      if (this.#length < headBytes) return at;
    }
    const whole = headBytes + this.#kept.readUIntBE(1, 3);
    const wanted = Math.min(whole, maxKept);
    at = this.#append(bytes, at, Math.min(end, at + wanted - this.#length));
    if (this.#length === wanted) {
      take(this.#kept[0]!, this.#kept, headBytes, wanted);
      this.#skip = whole - wanted;
      this.#length = 0;
    }
    return at;
  }

  #append(bytes: Buffer, at: number, end: number): number {
    const needed = this.#length + end - at;
    if (this.#kept.length < needed) {
      const grown = Buffer.alloc(Math.max(needed, 2 * this.#kept.length));
      this.#kept.copy(grown, 0, 0, this.#length);
      this.#kept = grown;
    }
    bytes.copy(this.#kept, this.#length, at, end);
    this.#length = needed;
    return end;
  }
}
