/** A header block that came in several frames (RFC 9113 §6.10), put together. */
import type { Message } from '../message.ts';

/** More than any sensible block; the default of servers for all fields together is 8 to 64 KiB. */
const longestBlock = 64 * 1024;

export class BlockBuffer {
  /** Stream whose block is open; 0: none. */
  stream = 0;
  /** Stream that a PUSH_PROMISE reserves; 0 for HEADERS. */
  promised = 0;
  endStream = false;
  /** Bytes on the wire so far, heads of frames included. */
  wireBytes = 0;
  /** The message that began with the first frame. */
  message: Message | null = null;
  bytes: Buffer = Buffer.alloc(0);
  length = 0;
  /** It was too long, and is not read. */
  tooLong = false;

  open(stream: number, promised: number, endStream: boolean, message: Message | null): void {
    this.stream = stream;
    this.promised = promised;
    this.endStream = endStream;
    this.message = message;
    this.length = 0;
    this.wireBytes = 0;
    this.tooLong = false;
  }

  add(bytes: Buffer, start: number, end: number): void {
    const needed = this.length + end - start;
    if (this.tooLong || needed > longestBlock) {
      this.tooLong = true;
      return;
    }
    if (needed > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(longestBlock, needed * 2));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    bytes.copy(this.bytes, this.length, start, end);
    this.length = needed;
  }

  close(): void {
    this.stream = 0;
    this.message = null;
    this.bytes = Buffer.alloc(0);
  }
}
