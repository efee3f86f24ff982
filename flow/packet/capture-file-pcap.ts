/**
 * Records of pcap files (draft-ietf-opsawg-pcap).
 *
 *     file    magic 4 · version 2+2 · reserved 4+4 · snap length 4 · FCS and link type 4
 *     record  seconds 4 · micro- or nanoseconds 4 · captured length 4 · wire length 4 · bytes
 *
 * Files of old patched libpcaps ("modified" to Wireshark) have 8 bytes more before the bytes of a record: interface 4 · protocol 2 ·
 * packet type 1 · padding 1.
 */
import { type ByteWindow, maxRecordBytes, type RecordReader } from './capture-file-window.ts';
import { type CaptureClock, createCaptureClock } from './clock.ts';
import type { Packet } from './packet.ts';

const fileHeaderBytes = 24;
const plainHeaderBytes = 16;
const modifiedHeaderBytes = 24;

export class PcapReader implements RecordReader {
  readonly format = 'pcap';
  readonly linkType: number;
  readonly interfaceIndex = 0;
  readonly interfaceName = '';
  clock: CaptureClock | undefined;
  problem: string | undefined;
  readonly #littleEndian: boolean;
  readonly #nsPerFraction: number;
  readonly #recordHeaderBytes: number;
  #epochSeconds: number;

  /** The window stands at the file header, whose magic gave the byte order and the unit of fractions. */
  constructor(
    window: ByteWindow,
    littleEndian: boolean,
    nsPerFraction: number,
    clock: CaptureClock | undefined,
    modified = false,
  ) {
    this.#recordHeaderBytes = modified ? modifiedHeaderBytes : plainHeaderBytes;
    this.#littleEndian = littleEndian;
    this.#nsPerFraction = nsPerFraction;
    this.clock = clock;
    this.#epochSeconds = clock === undefined ? 0 : Number(clock.epochUnixNs / 1_000_000_000n);
    // The upper half tells of frame check sequences, which IP's own length leaves out anyway.
    this.linkType = window.view.getUint32(window.position + 20, littleEndian) & 0xffff;
    window.position += fileHeaderBytes;
  }

  next(window: ByteWindow, packet: Packet): boolean {
    const recordHeaderBytes = this.#recordHeaderBytes;
    if (window.rest < recordHeaderBytes || this.problem !== undefined) return false;
    const { view, position } = window;
    const little = this.#littleEndian;
    const capturedLength = view.getUint32(position + 8, little);
    if (capturedLength > window.bytes.length - recordHeaderBytes || capturedLength > maxRecordBytes) {
      this.problem = `the record at byte ${window.offset} claims ${capturedLength} bytes: the file is damaged from there on`;
      return false;
    }
    if (window.rest < recordHeaderBytes + capturedLength) return false;
    const seconds = view.getUint32(position, little);
    if (this.clock === undefined) {
      this.clock = createCaptureClock(seconds);
      this.#epochSeconds = seconds;
    }
    packet.bytes = window.bytes;
    packet.start = position + recordHeaderBytes;
    packet.capturedLength = capturedLength;
    const wireLength = view.getUint32(position + 12, little);
    packet.wireLength = Math.max(wireLength, capturedLength);
    packet.timeNs = (seconds - this.#epochSeconds) * 1e9 + view.getUint32(position + 4, little) * this.#nsPerFraction;
    window.position = position + recordHeaderBytes + capturedLength;
    return true;
  }
}
