/**
 * Reads packets out of a TPACKET_V3 ring, where the kernel put them: no copy, no call, no object per packet.
 *
 *     block   version 4 · offset 4 · status 4 · packets 4 · offset of first 4 · length 4 · sequence 8 · times 16
 *     packet  offset of next 4 · seconds 4 · nanoseconds 4 · captured 4 · wire 4 · status 4 · MAC offset 2 · IP offset 2
 *             · hash 4 · VLAN tag 4 · VLAN type 2 …
 *
 * (linux/if_packet.h; numbers in the machine's order, which is little-endian wherever this runs.)
 */
import { loadAddon, type OpenedRing, type RingPlan } from './addon.ts';
import { acceptAll, compileFilter } from './filter.ts';
import { linkTypeOf } from './link-types.ts';

/** What `next` fills; a decoded packet has these fields and more. */
export interface RingTarget {
  bytes: Uint8Array;
  start: number;
  capturedLength: number;
  wireLength: number;
  timeNs: number;
}

export interface RingOptions extends RingPlan {
  /** In tcpdump's language; everything without it. */
  filter?: string | undefined;
  /** Longer packets are cut to this. */
  snapLength: number;
  /** Times are nanoseconds after this second. */
  epochSeconds: number;
}

export interface RingStatistics {
  /** Packets that passed the filter, those the ring had no room for among them. */
  packets: number;
  drops: number;
  /** How often the ring was full. */
  freezes: number;
}

/** Bits of a block's status and of a packet's. */
const blockReady = 1;
const vlanValid = 1 << 4;
const vlanTypeValid = 1 << 6;
const defaultVlanType = 0x8100;

/** Offsets in 32-bit words. */
const blockStatus = 2;
const blockPackets = 3;
const blockFirst = 4;

export class PacketRing {
  /** LINKTYPE_ number of all its packets. */
  readonly linkType: number;
  readonly interfaceIndex: number;
  readonly sizeBytes: number;
  readonly #opened: OpenedRing;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #blockWords: number;
  readonly #blocks: number;
  readonly #epochSeconds: number;
  readonly #numbers = new Uint32Array(3);
  #block = 0;
  /** Byte offset of the next packet, and how many the block still has; -1 while no block is held. */
  #at = 0;
  #left = -1;
  #closed = false;

  constructor(options: RingOptions, opened: OpenedRing, linkType: number) {
    this.linkType = linkType;
    this.interfaceIndex = opened.index;
    this.sizeBytes = opened.pages.byteLength;
    this.#opened = opened;
    this.#bytes = new Uint8Array(opened.pages);
    this.#words = new Int32Array(opened.pages);
    this.#blockWords = options.blockSize >>> 2;
    this.#blocks = options.blocks;
    this.#epochSeconds = options.epochSeconds;
  }

  /**
   * Sets the fields of the next packet; false when no packet is ready. The bytes may be read and written until the call
   * after this one: then their block may go back to the kernel.
   */
  next(target: RingTarget): boolean {
    while (this.#left <= 0) {
      if (this.#left === 0) this.#handBack();
      if (this.#closed || !this.#take()) return false;
    }
    const at = this.#at;
    const words = this.#words;
    const word = at >>> 2;
    target.bytes = this.#bytes;
    target.timeNs = ((words[word + 1]! >>> 0) - this.#epochSeconds) * 1e9 + words[word + 2]!;
    target.capturedLength = words[word + 3]!;
    target.wireLength = words[word + 4]!;
    target.start = at + (words[word + 6]! & 0xffff);
    const status = words[word + 5]!;
    if ((status & vlanValid) !== 0) this.#restoreTag(target, word, status);
    this.#at = at + words[word]!;
    this.#left--;
    return true;
  }

  /** Counts since the last call. */
  statistics(): RingStatistics {
    const numbers = this.#numbers.fill(0);
    if (!this.#closed) loadAddon().readStatistics(this.#opened.handle, numbers);
    return { packets: numbers[0]!, drops: numbers[1]!, freezes: numbers[2]! };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#left = -1;
    loadAddon().closeRing(this.#opened.handle);
  }

  /** Atomics order the reads of the block after its status, and its return after all of them. */
  #take(): boolean {
    const word = this.#block * this.#blockWords;
    if ((Atomics.load(this.#words, word + blockStatus) & blockReady) === 0) return false;
    this.#left = this.#words[word + blockPackets]!;
    this.#at = (word << 2) + this.#words[word + blockFirst]!;
    return true;
  }

  #handBack(): void {
    Atomics.store(this.#words, this.#block * this.#blockWords + blockStatus, 0);
    this.#block = this.#block + 1 === this.#blocks ? 0 : this.#block + 1;
    this.#left = -1;
  }

  /** The kernel keeps the outer VLAN tag beside the packet and four bytes free before it: the tag goes where it was. */
  #restoreTag(target: RingTarget, word: number, status: number): void {
    if (target.capturedLength < 14) return;
    const bytes = this.#bytes;
    const type = (status & vlanTypeValid) !== 0 ? this.#words[word + 9]! & 0xffff : defaultVlanType;
    const tag = this.#words[word + 8]! & 0xffff;
    const start = target.start - 4;
    bytes.copyWithin(start, start + 4, start + 16);
    bytes[start + 12] = type >>> 8;
    bytes[start + 13] = type;
    bytes[start + 14] = tag >>> 8;
    bytes[start + 15] = tag;
    target.start = start;
    target.capturedLength += 4;
    target.wireLength += 4;
  }
}

/**
 * Opens a ring on an interface. `onReadable` is called when packets are ready; read until `next` is false. Throws an Error
 * with `code` (`EPERM`, `ENODEV`, `BAD_FILTER` …) whose message says what to do.
 */
export function openPacketRing(options: RingOptions, onReadable: () => void): PacketRing {
  const addon = loadAddon();
  const filter =
    options.filter === undefined || options.filter.trim() === ''
      ? acceptAll(options.snapLength)
      : compileFilter(options.filter, 1, options.snapLength);
  let opened = addon.openRing(options, filter, onReadable);
  const linkType = linkTypeOf(opened.link);
  if (linkType === undefined) {
    addon.closeRing(opened.handle);
    const message = `interface ${options.interface} has link type ${opened.link}, whose packets are not understood here`;
    throw Object.assign(new Error(message), { code: 'ENOTSUP' });
  }
  if (linkType !== 1 && options.filter !== undefined && options.filter.trim() !== '') {
    // The program depends on where the link's header ends; what came through the first one is thrown away with its ring.
    addon.closeRing(opened.handle);
    opened = addon.openRing(options, compileFilter(options.filter, linkType, options.snapLength), onReadable);
  }
  return new PacketRing(options, opened, linkType);
}
