/** Writes pcapng: one section, interfaces with nanosecond times, enhanced packet blocks; little-endian. */
import { blockTypes, byteOrderMagic } from './capture-file-pcapng.ts';
import type { CaptureClock } from './clock.ts';

/** An interface as the file describes it. */
export interface WrittenInterface {
  linkType: number;
  /** 0 when packets are not cut. */
  snapLength: number;
  name?: string | undefined;
}

/** Bytes around the data of one packet. */
export const packetBlockOverhead = 32;

/** The beginning of a file: the section and its interfaces, which packets name by their place in the list. */
export function writePcapngHeader(interfaces: readonly WrittenInterface[]): Uint8Array {
  const names = interfaces.map(({ name }) => Buffer.from((name ?? '').slice(0, 200)));
  const total = names.reduce((sum, name) => sum + interfaceBytes(name.length), 28);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, blockTypes.section, true);
  view.setUint32(4, 28, true);
  view.setUint32(8, byteOrderMagic, true);
  view.setUint16(12, 1, true);
  // The section's length is not said: -1.
  view.setBigInt64(16, -1n, true);
  view.setUint32(24, 28, true);
  let at = 28;
  for (const [index, { linkType, snapLength }] of interfaces.entries()) {
    const name = names[index]!;
    const length = interfaceBytes(name.length);
    view.setUint32(at, blockTypes.interface, true);
    view.setUint32(at + 4, length, true);
    view.setUint16(at + 8, linkType, true);
    view.setUint32(at + 12, snapLength, true);
    // Option 2, the name; option 9, the resolution of times: 10^-9 s; option 0, the end.
    view.setUint16(at + 16, 2, true);
    view.setUint16(at + 18, name.length, true);
    bytes.set(name, at + 20);
    const next = at + 20 + padded(name.length);
    view.setUint16(next, 9, true);
    view.setUint16(next + 2, 1, true);
    bytes[next + 4] = 9;
    view.setUint32(at + length - 4, length, true);
    at += length;
  }
  return bytes;
}

/** Puts packets, one block each, into a buffer of its own that whoever writes the file empties. */
export class PacketBlockWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #epochNs: bigint;
  #length = 0;

  constructor(clock: CaptureClock, sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#epochNs = clock.epochUnixNs;
  }

  get length(): number {
    return this.#length;
  }

  /** False when the block does not fit any more: empty the buffer first. */
  add(interfaceIndex: number, timeNs: number, bytes: Uint8Array, start: number, length: number, wireLength: number) {
    const total = packetBlockOverhead + padded(length);
    const at = this.#length;
    if (at + total > this.#bytes.length) return false;
    const view = this.#view;
    const unixNs = this.#epochNs + BigInt(Math.round(timeNs));
    view.setUint32(at, blockTypes.packet, true);
    view.setUint32(at + 4, total, true);
    view.setUint32(at + 8, interfaceIndex, true);
    view.setUint32(at + 12, Number((unixNs >> 32n) & 0xffffffffn), true);
    view.setUint32(at + 16, Number(unixNs & 0xffffffffn), true);
    view.setUint32(at + 20, length, true);
    view.setUint32(at + 24, wireLength, true);
    this.#bytes.set(bytes.subarray(start, start + length), at + 28);
    this.#bytes.fill(0, at + 28 + length, at + total - 4);
    view.setUint32(at + total - 4, total, true);
    this.#length = at + total;
    return true;
  }

  /** The bytes written since the last call, as a copy of their own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

function interfaceBytes(nameBytes: number): number {
  return 20 + padded(nameBytes) + 8 + 4 + 4;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
