/**
 * Blocks of pcapng files (draft-ietf-opsawg-pcapng).
 *
 *     block            type 4 · total length 4 · body · total length 4, all padded to 4
 *     section header   byte-order magic 4 · version 2+2 · section length 8 · options
 *     interface        link type 2 · reserved 2 · snap length 4 · options (9 resolution, 14 offset of times)
 *     enhanced packet  interface 4 · time 4+4 · captured length 4 · wire length 4 · bytes · options
 *     simple packet    wire length 4 · bytes
 *     packet (old)     interface 2 · drops 2 · time 4+4 · captured length 4 · wire length 4 · bytes · options
 */
import { type ByteWindow, maxRecordBytes, type RecordReader } from './capture-file-window.ts';
import { type CaptureClock, createCaptureClock } from './clock.ts';
import type { Packet } from './packet.ts';

export const blockTypes = { section: 0x0a0d0d0a, interface: 1, oldPacket: 2, simplePacket: 3, packet: 6 } as const;
export const byteOrderMagic = 0x1a2b3c4d;

/** Type and length before the body, length behind it. */
const frameBytes = 12;
/** More interfaces in one section are not believed: each costs memory. */
const maxInterfaces = 1 << 16;

const maxNameBytes = 256;

interface Interface {
  name: string;
  linkType: number;
  snapLength: number;
  unitsPerSecond: bigint;
  nsPerUnit: number;
  offsetSeconds: bigint;
  /** The capture's epoch in units of this interface, as two halves: their differences stay exact doubles. */
  epochHigh: number;
  epochLow: number;
}

export class PcapngReader implements RecordReader {
  readonly format = 'pcapng';
  linkType = 0;
  interfaceIndex = 0;
  clock: CaptureClock | undefined;
  problem: string | undefined;
  #littleEndian = true;
  #interfaces: Interface[] = [];
  #lastTimeNs = 0;

  constructor(clock: CaptureClock | undefined) {
    this.clock = clock;
  }

  get interfaceName(): string {
    return this.#interfaces[this.interfaceIndex]?.name ?? '';
  }

  next(window: ByteWindow, packet: Packet): boolean {
    while (window.rest >= frameBytes && this.problem === undefined) {
      const start = window.position;
      const type = window.view.getUint32(start, this.#littleEndian);
      if (type === blockTypes.section && !this.#beginSection(window)) return false;
      const length = window.view.getUint32(start + 4, this.#littleEndian);
      if (length < frameBytes || length % 4 !== 0) return this.#damaged(window, `a block of ${length} bytes`);
      const isPacket = type === blockTypes.packet || type === blockTypes.simplePacket || type === blockTypes.oldPacket;
      if (!isPacket && type !== blockTypes.interface) {
        window.skip(length);
        continue;
      }
      if (length > maxRecordBytes || length > window.bytes.length) {
        return this.#damaged(window, `a block of type ${type} with ${length} bytes`);
      }
      if (window.rest < length) return false;
      if (window.view.getUint32(start + length - 4, this.#littleEndian) !== length) {
        return this.#damaged(window, 'a block whose two lengths differ');
      }
      const found = isPacket ? this.#readPacket(window, packet, type, length) : !this.#readInterface(window, length);
      if (this.problem !== undefined) return false;
      window.position = start + length;
      if (isPacket && found) return true;
    }
    return false;
  }

  #damaged(window: ByteWindow, what: string): boolean {
    this.problem = `${what} at byte ${window.offset}: the file is damaged from there on`;
    return false;
  }

  /** False when its beginning is not there yet, or is none. */
  #beginSection(window: ByteWindow): boolean {
    const magic = window.view.getUint32(window.position + 8, true);
    if (magic !== byteOrderMagic && magic !== 0x4d3c2b1a) return this.#damaged(window, 'a section without byte order');
    if (window.rest < 16) return false;
    this.#littleEndian = magic === byteOrderMagic;
    const major = window.view.getUint16(window.position + 12, this.#littleEndian);
    if (major !== 1) return this.#damaged(window, `a section of version ${major}, which nobody has described,`);
    this.#interfaces = [];
    return true;
  }

  #readInterface(window: ByteWindow, length: number): boolean {
    const { view, position } = window;
    const little = this.#littleEndian;
    if (length < frameBytes + 8) return this.#damaged(window, 'an interface without description');
    if (this.#interfaces.length >= maxInterfaces) return this.#damaged(window, 'one interface too many');
    let unitsPerSecond = 1_000_000n;
    let offsetSeconds = 0n;
    let name = '';
    const end = position + length - 4;
    let at = position + 16;
    while (at + 4 <= end) {
      const code = view.getUint16(at, little);
      const size = view.getUint16(at + 2, little);
      if (code === 0 || at + 4 + size > end) break;
      if (code === 2) name = nameOf(window.bytes.subarray(at + 4, at + 4 + Math.min(size, maxNameBytes)));
      else if (code === 9 && size >= 1) {
        const resolution = view.getUint8(at + 4);
        const exponent = resolution & 0x7f;
        const binary = resolution >= 0x80;
        if (exponent > (binary ? 60 : 18))
          return this.#damaged(window, `an interface with time units of 2^-${exponent}`);
        unitsPerSecond = (binary ? 2n : 10n) ** BigInt(exponent);
      } else if (code === 14 && size >= 8) offsetSeconds = view.getBigInt64(at + 4, little);
      at += 4 + ((size + 3) & ~3);
    }
    const one: Interface = {
      name,
      linkType: view.getUint16(position + 8, little),
      snapLength: view.getUint32(position + 12, little),
      unitsPerSecond,
      nsPerUnit: 1e9 / Number(unitsPerSecond),
      offsetSeconds,
      epochHigh: 0,
      epochLow: 0,
    };
    if (this.clock !== undefined) setEpoch(one, this.clock);
    this.#interfaces.push(one);
    return true;
  }

  /** False for a packet that is passed over; sets `problem` when nothing after it can be believed either. */
  #readPacket(window: ByteWindow, packet: Packet, type: number, length: number): boolean {
    const { view, position } = window;
    const little = this.#littleEndian;
    const simple = type === blockTypes.simplePacket;
    const bodyStart = position + 8;
    const dataStart = bodyStart + (simple ? 4 : 20);
    const room = position + length - 4 - dataStart;
    if (room < 0) return this.#damaged(window, `a packet block of ${length} bytes`);
    const number =
      type === blockTypes.packet ? view.getUint32(bodyStart, little) : simple ? 0 : view.getUint16(bodyStart, little);
    const from = this.#interfaces[number];
    if (from === undefined) return this.#damaged(window, `a packet of interface ${number}, which was not described,`);

    let capturedLength: number;
    let wireLength: number;
    if (simple) {
      wireLength = view.getUint32(bodyStart, little);
      capturedLength = Math.min(wireLength, room, from.snapLength === 0 ? room : from.snapLength);
      // It has no time of its own.
      if (this.clock === undefined) this.#startClock(from, 0, 0);
      packet.timeNs = this.#lastTimeNs;
    } else {
      capturedLength = view.getUint32(bodyStart + 12, little);
      wireLength = view.getUint32(bodyStart + 16, little);
      if (capturedLength > room) return this.#damaged(window, `a packet that claims ${capturedLength} bytes`);
      const high = view.getUint32(bodyStart + 4, little);
      const low = view.getUint32(bodyStart + 8, little);
      if (this.clock === undefined) this.#startClock(from, high, low);
      packet.timeNs = Math.round(((high - from.epochHigh) * 4294967296 + (low - from.epochLow)) * from.nsPerUnit);
      this.#lastTimeNs = packet.timeNs;
    }
    packet.bytes = window.bytes;
    packet.start = dataStart;
    packet.capturedLength = capturedLength;
    packet.wireLength = Math.max(wireLength, capturedLength);
    this.linkType = from.linkType;
    this.interfaceIndex = number;
    return true;
  }

  #startClock(from: Interface, high: number, low: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low);
    this.clock = createCaptureClock(Number(units / from.unitsPerSecond + from.offsetSeconds));
    for (const one of this.#interfaces) setEpoch(one, this.clock);
  }
}

function setEpoch(one: Interface, clock: CaptureClock): void {
  const units = (clock.epochUnixNs / 1_000_000_000n - one.offsetSeconds) * one.unitsPerSecond;
  one.epochHigh = Number(units >> 32n);
  one.epochLow = Number(units & 0xffffffffn);
}

function nameOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8').replace(/\0+$/, '');
}
