/** Keeps the beginning of every connection's packets in segment files, so that they can be fetched later by flow and time. */
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PacketBlockWriter, writePcapngHeader } from '../packet/capture-file-writer.ts';
import type { CaptureClock } from '../packet/clock.ts';
import { type Packet, tcpFlags } from '../packet/packet.ts';
import { segmentName, trimSegments } from './segments.ts';

export interface KeeperOptions {
  directory: string;
  /** All files together; the oldest go first. */
  maxBytes: number;
  /** Of each connection and direction, from its beginning on. */
  maxFlowBytes: number;
  clock: CaptureClock;
  /** Number of this writer, and whether another's leftovers are to be trimmed with its own. */
  writer: number;
  isOwn(writer: number): boolean;
  /** Names of the capture points, by `Packet.point`. */
  pointName(point: number): string;
  /** Told once, when the disk takes no more: nothing is kept from then on. */
  onError(error: Error): void;
}

const bufferBytes = 256 << 10;
const flowSlots = 1 << 16;
/** A segment is closed after this time, so that little is lost with the oldest. */
const segmentMs = 600_000;

export class PacketKeeper {
  readonly #options: KeeperOptions;
  readonly #segmentBytes: number;
  readonly #writer: PacketBlockWriter;
  /** Hash and bytes of the connections that were seen last; a newer one takes the slot of an older one and begins anew. */
  readonly #flow = new Int32Array(flowSlots);
  readonly #flowBytes = new Float64Array(flowSlots);
  #file = -1;
  #fileBytes = 0;
  #fileStartMs = 0;
  /** Link type and name of the interfaces in the current file, by capture point and link type. */
  #interfaces = new Map<number, number>();
  #described: { linkType: number; snapLength: number; name: string }[] = [];
  #failed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#segmentBytes = Math.min(64 << 20, Math.max(1 << 20, options.maxBytes / 16));
    this.#writer = new PacketBlockWriter(options.clock, bufferBytes);
  }

  /** Keeps a copy of a decoded packet, as it was captured, when its connection has room left. Whether it did. */
  keep(packet: Packet, linkType: number, bytes: Uint8Array, start: number): boolean {
    if (this.#failed) return false;
    const length = packet.capturedLength;
    if (!this.#hasRoom(packet, length)) return false;
    try {
      const number = this.#interfaceOf(packet.point, linkType);
      const { timeNs, wireLength } = packet;
      if (this.#writer.add(number, timeNs, bytes, start, length, wireLength)) return true;
      this.flush();
      return this.#writer.add(number, timeNs, bytes, start, length, wireLength);
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
  }

  /** Puts what is buffered into the file, where searches find it. */
  flush(): void {
    if (this.#failed || this.#writer.length === 0) return;
    try {
      const bytes = this.#writer.take();
      this.#write(bytes);
      const age = Date.now() - this.#fileStartMs;
      if (this.#fileBytes >= this.#segmentBytes || age >= segmentMs) this.#endFile();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  close(): void {
    this.flush();
    this.#endFile();
  }

  #hasRoom(packet: Packet, length: number): boolean {
    let hash = Math.imul(packet.source3 ^ packet.source0, 0x9e3779b1);
    hash = Math.imul(hash ^ packet.source1 ^ packet.source2, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15) ^ packet.destination3 ^ packet.destination0, 0xc2b2ae35);
    hash = Math.imul(hash ^ packet.destination1 ^ packet.destination2, 0x27d4eb2f);
    hash ^= (packet.sourcePort << 16) | packet.destinationPort;
    hash = Math.imul(hash ^ (hash >>> 13) ^ packet.ipProtocol ^ (packet.point << 8), 0x165667b1);
    hash ^= hash >>> 16;
    const slot = hash & (flowSlots - 1);
    if (this.#flow[slot] !== hash || (packet.flags & tcpFlags.syn) !== 0) {
      this.#flow[slot] = hash;
      this.#flowBytes[slot] = 0;
    }
    if (this.#flowBytes[slot]! + length > this.#options.maxFlowBytes) return false;
    this.#flowBytes[slot]! += length;
    return true;
  }

  /** Number of the interface in the file; a new one begins a new file, whose head lists all. */
  #interfaceOf(point: number, linkType: number): number {
    const key = point * 65_536 + linkType;
    let number = this.#interfaces.get(key);
    if (number === undefined) {
      this.flush();
      this.#endFile();
      number = this.#described.push({ linkType, snapLength: 0, name: this.#options.pointName(point) }) - 1;
      this.#interfaces.set(key, number);
    }
    return number;
  }

  #write(bytes: Uint8Array): void {
    if (this.#file < 0) this.#beginFile();
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.#fileBytes += bytes.length;
  }

  #beginFile(): void {
    const { directory, writer, maxBytes, isOwn } = this.#options;
    mkdirSync(directory, { recursive: true, mode: 0o750 });
    trimSegments(directory, isOwn, maxBytes - this.#segmentBytes);
    // Two files may begin within a millisecond, also of a keeper that ended just before: names say the time, so the later one
    // waits in its name only.
    this.#fileStartMs = Math.max(Date.now(), this.#fileStartMs + 1);
    while (existsSync(join(directory, segmentName(this.#fileStartMs, writer)))) this.#fileStartMs++;
    this.#file = openSync(join(directory, segmentName(this.#fileStartMs, writer)), 'wx', 0o640);
    this.#fileBytes = 0;
    this.#write(writePcapngHeader(this.#described));
  }

  #endFile(): void {
    if (this.#file < 0) return;
    closeSync(this.#file);
    this.#file = -1;
  }

  #fail(error: Error): void {
    this.#failed = true;
    try {
      this.#endFile();
    } catch {
      // The first error is the one to tell.
    }
    this.#options.onError(error);
  }
}
