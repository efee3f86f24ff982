/** The part of a capture file that is in memory, and what its readers have in common. */
import type { ByteInput } from './capture-file-input.ts';
import type { CaptureClock } from './clock.ts';
import type { Packet } from './packet.ts';

/** A file that is no capture, or none that can be read. The message names the file and says what to do. */
export class CaptureFileError extends Error {
  override readonly name = 'CaptureFileError';
}

/**
 * Longest record that is believed. Linux makes packets of up to 512 KiB on loopback (BIG TCP); a larger length is damage.
 * The window holds at least one record of any length up to its own size.
 */
export const maxRecordBytes = 1 << 20;

/** Takes records out of a window; one per format. */
export interface RecordReader {
  readonly format: 'pcap' | 'pcapng';
  readonly linkType: number;
  readonly interfaceIndex: number;
  readonly interfaceName: string;
  readonly clock: CaptureClock | undefined;
  /** Set when what follows is no record: nothing more can be read. */
  readonly problem: string | undefined;
  /** Sets the packet's bytes, place, lengths and time. False when the window holds no complete packet any more. */
  next(window: ByteWindow, packet: Packet): boolean;
}

/** Bytes from `position` to `end` are there and not read yet. */
export class ByteWindow {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  position = 0;
  end = 0;
  /** Bytes that are still to come and that nobody wants. */
  pendingSkip = 0;
  /** Place of `bytes[0]` in the (unpacked) file. */
  #base = 0;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  get rest(): number {
    return this.end - this.position;
  }

  /** Where in the file reading stands, for messages. */
  get offset(): number {
    return this.#base + this.position;
  }

  /** Leaves bytes out, also those that were not read yet. */
  skip(count: number): void {
    const here = Math.min(count, this.rest);
    this.position += here;
    this.pendingSkip += count - here;
  }

  /** Moves the rest to the front and reads behind it. Gives the bytes read, 0 at the end of the file. */
  async fill(input: ByteInput): Promise<number> {
    if (this.position > 0) {
      this.bytes.copyWithin(0, this.position, this.end);
      this.#base += this.position;
      this.end -= this.position;
      this.position = 0;
    }
    const count = await input.read(this.bytes, this.end);
    this.end += count;
    if (this.pendingSkip > 0) {
      const wanted = this.pendingSkip;
      this.pendingSkip = 0;
      this.skip(wanted);
    }
    return count;
  }
}
