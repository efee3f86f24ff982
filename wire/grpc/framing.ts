/** gRPC's length-prefixed messages: one flag byte, four bytes of length, the message (PROTOCOL-HTTP2.md). */
import { takeBody } from '../body-pool.ts';
import type { ByteBudget } from '../byte-budget.ts';
import { GrpcError } from './status.ts';

export const framePrefixBytes = 5;

/** The five bytes before a message. */
export function framePrefix(sizeBytes: number, compressed: boolean): Buffer {
  const prefix = Buffer.allocUnsafe(framePrefixBytes);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(sizeBytes, 1);
  return prefix;
}

/**
 * Collects the one message of a unary call out of DATA frames.
 *
 * The length prefix is believed only up to `maxBytes`, and its bytes are taken from the budget before memory is. The
 * message then gets one buffer of exactly that size: not a slice of a read buffer, which would keep 64 KiB alive, and
 * untouched pages of a length that was a lie cost no memory.
 */
export class MessageCollector {
  /** Set once the prefix was read. */
  message: Buffer | null;
  compressed: boolean;
  /** Bytes taken from the budget; the owner gives them back. */
  takenBytes: number;
  readonly #maxBytes: number;
  readonly #budget: ByteBudget;
  readonly #prefix: Buffer;
  #prefixLength: number;
  #length: number;

  constructor(maxBytes: number, budget: ByteBudget) {
    this.message = null;
    this.compressed = false;
    this.takenBytes = 0;
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#prefix = Buffer.allocUnsafe(framePrefixBytes);
    this.#prefixLength = 0;
    this.#length = 0;
  }

  get complete(): boolean {
    return this.message !== null && this.#length === this.message.length;
  }

  /** Throws a GrpcError when the message may not be read. */
  push(chunk: Buffer): void {
    let from = 0;
    if (this.message === null) {
      from = Math.min(framePrefixBytes - this.#prefixLength, chunk.length);
      chunk.copy(this.#prefix, this.#prefixLength, 0, from);
      this.#prefixLength += from;
      if (this.#prefixLength < framePrefixBytes) return;
      this.message = this.#open();
    }
    if (chunk.length - from > this.message.length - this.#length) {
      throw new GrpcError('INTERNAL', 'a unary call carries one message, but more bytes follow it');
    }
    chunk.copy(this.message, this.#length, from);
    this.#length += chunk.length - from;
  }

  #open(): Buffer {
    const flag = this.#prefix[0];
    const sizeBytes = this.#prefix.readUInt32BE(1);
    if (flag !== 0 && flag !== 1) {
      throw new GrpcError(
        'INTERNAL',
        `the flag byte before the message is ${flag}, neither 0 (plain) nor 1 (compressed)`,
      );
    }
    if (sizeBytes > this.#maxBytes) {
      throw new GrpcError(
        'RESOURCE_EXHAUSTED',
        `grpc: received message larger than max (${sizeBytes} vs. ${this.#maxBytes})`,
      );
    }
    if (!this.#budget.take(sizeBytes)) throw tooManyBytesInFlight(this.#budget);
    this.takenBytes = sizeBytes;
    this.compressed = flag === 1;
    return takeBody(sizeBytes);
  }
}

/** Non-permanent: senders keep the data and try again. */
export function tooManyBytesInFlight(budget: ByteBudget): GrpcError {
  return new GrpcError(
    'UNAVAILABLE',
    `requests being handled already hold ${budget.usedBytes} of ${budget.limitBytes} bytes`,
  );
}
