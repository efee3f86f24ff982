/** Puts IPv4 and IPv6 fragments together (RFC 791 §3.2, RFC 8200 §4.5), in memory that is bounded by count and by bytes. */
import { type Cursor, failures, layers } from './decode-cursor.ts';
import type { Packet } from './packet.ts';

export interface FragmentOptions {
  /** Datagrams that can wait for their rest at once; rounded up to a multiple of 8. The oldest neighbour makes room. */
  readonly maxDatagrams: number;
  /** Bytes that all of them may take; the oldest makes room. */
  readonly maxBytes: number;
  /** How long the rest may take to come, by the packets' times (RFC 8200: 60 s for hosts; Linux: 30 s). */
  readonly timeoutNs: number;
}

export const fragmentDefaults: FragmentOptions = { maxDatagrams: 1024, maxBytes: 8 << 20, timeoutNs: 30e9 };

const maxDatagramBytes = 65535;
/** Places that a datagram may have in the table: few enough to look through all of them. */
const ways = 8;
const keyWords = 12;
const smallestBuffer = 4096;
const noBytes = new Uint8Array(0);

/** A datagram of which something is missing. Offsets are in units of 8 bytes, as fragments have them. */
class Datagram {
  used = false;
  /** An overlap was seen: all of it is dropped, what is still to come too (RFC 5722 §4). */
  refused = false;
  readonly key = new Int32Array(keyWords);
  firstNs = 0;
  /** Length, once the last fragment was seen; -1 before. */
  total = -1;
  /** End of the fragment that reaches farthest. */
  highest = 0;
  /** One bit for each unit that is there, and how many are. */
  readonly present = new Uint32Array((maxDatagramBytes + 1) / 8 / 32);
  units = 0;
  frames = 0;
  wireBytes = 0;
  readonly header = new Uint8Array(60);
  headerLength = 0;
  payload: Uint8Array = noBytes;
}

export class FragmentStore {
  /** Datagrams by what became of them. */
  completed = 0;
  timedOut = 0;
  evicted = 0;
  refused = 0;
  /** Bytes of all buffers. */
  heldBytes = 0;
  readonly #options: FragmentOptions;
  readonly #datagrams: (Datagram | undefined)[];
  readonly #key = new Int32Array(keyWords);
  #output: Uint8Array = noBytes;

  constructor(options: FragmentOptions) {
    this.#options = options;
    this.#datagrams = new Array(Math.ceil(options.maxDatagrams / ways) * ways).fill(undefined);
  }

  /**
   * Takes the fragment at the cursor. When it completes its datagram the packet and the cursor are set to that, in a buffer that holds it
   * until the next one is complete, and what follows is an IP header; else the answer is a failure.
   */
  add(packet: Packet, cursor: Cursor): number {
    const { fragmentOffset: offset, moreFragments } = cursor;
    const length = cursor.wireEnd - cursor.at;
    if (cursor.end < cursor.wireEnd) return -failures.cut;
    const uneven = moreFragments && (length & 7) !== 0;
    if (length <= 0 || uneven || offset + length > maxDatagramBytes) return -failures.badFragment;
    const datagram = this.#find(packet, cursor.fragmentId);
    if (datagram.refused) return -failures.badFragment;
    if (!takeEnd(datagram, offset + length, moreFragments)) return this.#refuse(datagram);
    this.#reserve(datagram, offset + length);
    const there = countPresent(datagram, offset, length);
    if (there > 0) return this.#addAgain(datagram, packet, cursor, there);
    datagram.payload.set(packet.bytes.subarray(cursor.at, cursor.wireEnd), offset);
    markPresent(datagram, offset, length);
    datagram.frames++;
    datagram.wireBytes += packet.wireLength;
    if (offset === 0) keepHeader(datagram, packet);
    if (datagram.total < 0 || datagram.units < unitsOf(datagram.total)) return -failures.fragment;
    return this.#complete(datagram, packet, cursor);
  }

  /** Bytes that were there before: nothing happens when they are the same. */
  #addAgain(datagram: Datagram, packet: Packet, cursor: Cursor, there: number): number {
    const { fragmentOffset: offset } = cursor;
    const length = cursor.wireEnd - cursor.at;
    if (there < unitsOf(length)) return this.#refuse(datagram);
    for (let at = 0; at < length; at++) {
      if (datagram.payload[offset + at] !== packet.bytes[cursor.at + at]) return this.#refuse(datagram);
    }
    return -failures.fragment;
  }

  #refuse(datagram: Datagram): number {
    datagram.refused = true;
    this.refused++;
    return -failures.badFragment;
  }

  /** The datagram that the packet is a part of; a new one when it is the first part that comes. */
  #find(packet: Packet, id: number): Datagram {
    const key = this.#key;
    const hash = writeKey(key, packet, id);
    const first = ((hash >>> 0) % (this.#datagrams.length / ways)) * ways;
    let free = -1;
    let oldest = -1;
    let oldestNs = Number.POSITIVE_INFINITY;
    for (let place = first; place < first + ways; place++) {
      const datagram = this.#datagrams[place];
      if (datagram?.used && packet.timeNs - datagram.firstNs > this.#options.timeoutNs) {
        datagram.used = false;
        if (!datagram.refused) this.timedOut++;
      }
      if (!datagram?.used) free = place;
      else if (sameKey(datagram.key, key)) return datagram;
      else if (datagram.firstNs < oldestNs) {
        oldest = place;
        oldestNs = datagram.firstNs;
      }
    }
    if (free < 0) this.evicted++;
    return this.#start(free < 0 ? oldest : free, packet.timeNs);
  }

  #start(place: number, timeNs: number): Datagram {
    this.#datagrams[place] ??= new Datagram();
    const datagram = this.#datagrams[place];
    datagram.used = true;
    datagram.refused = false;
    datagram.key.set(this.#key);
    datagram.firstNs = timeNs;
    datagram.total = -1;
    datagram.highest = 0;
    datagram.present.fill(0);
    datagram.units = 0;
    datagram.frames = 0;
    datagram.wireBytes = 0;
    return datagram;
  }

  /** Makes the payload at least `length` long. */
  #reserve(datagram: Datagram, length: number): void {
    const { payload } = datagram;
    if (payload.length >= length) return;
    let size = Math.max(smallestBuffer, payload.length);
    while (size < length) size *= 2;
    if (this.heldBytes + size - payload.length > this.#options.maxBytes)
      this.#makeRoom(datagram, size - payload.length);
    this.heldBytes += size - payload.length;
    datagram.payload = new Uint8Array(size);
    datagram.payload.set(payload);
  }

  /** Gives up buffers of datagrams that are done, then those of the oldest. */
  #makeRoom(keep: Datagram, bytes: number): void {
    const limit = this.#options.maxBytes - bytes;
    for (const datagram of this.#datagrams) if (datagram !== undefined && !datagram.used) this.#dropBuffer(datagram);
    while (this.heldBytes > limit) {
      let oldest: Datagram | undefined;
      for (const datagram of this.#datagrams) {
        const other = datagram?.used && datagram !== keep && datagram.payload.length > 0;
        if (other && (oldest === undefined || datagram.firstNs < oldest.firstNs)) oldest = datagram;
      }
      if (oldest === undefined) return;
      oldest.used = false;
      this.evicted++;
      this.#dropBuffer(oldest);
    }
  }

  #dropBuffer(datagram: Datagram): void {
    this.heldBytes -= datagram.payload.length;
    datagram.payload = noBytes;
  }

  /** Writes link header, IP header and payload one after another, as if the datagram had come whole. */
  #complete(datagram: Datagram, packet: Packet, cursor: Cursor): number {
    const { total, headerLength } = datagram;
    const { start } = packet;
    const linkLength = packet.ipStart - start;
    if (linkLength > maxDatagramBytes) return this.#refuse(datagram);
    if (this.#output.length === 0) this.#output = new Uint8Array(3 * (maxDatagramBytes + 1));
    const output = this.#output;
    output.set(packet.bytes.subarray(start, packet.ipStart), 0);
    output.set(datagram.header.subarray(0, headerLength), linkLength);
    output.set(datagram.payload.subarray(0, total), linkLength + headerLength);
    writeLength(output, linkLength, packet.ipVersion === 4 ? headerLength + total : total);
    packet.bytes = output;
    packet.start = 0;
    packet.capturedLength = linkLength + headerLength + total;
    packet.wireLength = datagram.wireBytes;
    packet.fragments = datagram.frames;
    if (packet.ethernetStart >= 0) packet.ethernetStart -= start;
    if (packet.outerEthernetStart >= 0) packet.outerEthernetStart -= start;
    if (packet.outerIpStart >= 0) packet.outerIpStart -= start;
    if (packet.innerStart >= 0) packet.innerStart -= start;
    cursor.at = linkLength;
    cursor.end = packet.capturedLength;
    cursor.wireEnd = packet.capturedLength;
    datagram.used = false;
    this.completed++;
    return layers.ip;
  }
}

/** What must be the same in all parts (RFC 791 §3.2), and where they were seen. Returns a hash of it. */
function writeKey(key: Int32Array, packet: Packet, id: number): number {
  key[0] = packet.source0;
  key[1] = packet.source1;
  key[2] = packet.source2;
  key[3] = packet.source3;
  key[4] = packet.destination0;
  key[5] = packet.destination1;
  key[6] = packet.destination2;
  key[7] = packet.destination3;
  key[8] = id;
  // The protocol belongs to the key of IPv4 only.
  key[9] = packet.ipVersion | (packet.ipVersion === 4 ? packet.ipProtocol << 8 : 0) | (packet.point << 16);
  key[10] = packet.tunnelId;
  key[11] = packet.vlan | (packet.innerVlan << 16);
  let hash = 0;
  for (let word = 0; word < keyWords; word++) {
    hash = Math.imul(hash ^ key[word]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function sameKey(left: Int32Array, right: Int32Array): boolean {
  for (let word = 0; word < keyWords; word++) if (left[word] !== right[word]) return false;
  return true;
}

/** False when the fragment's end contradicts what is known of the datagram's. */
function takeEnd(datagram: Datagram, end: number, moreFragments: boolean): boolean {
  if (datagram.total >= 0 && (moreFragments ? end > datagram.total : end !== datagram.total)) return false;
  if (!moreFragments && end < datagram.highest) return false;
  if (!moreFragments) datagram.total = end;
  if (end > datagram.highest) datagram.highest = end;
  return true;
}

function unitsOf(length: number): number {
  return (length + 7) >> 3;
}

function countPresent(datagram: Datagram, offset: number, length: number): number {
  let count = 0;
  const end = (offset >> 3) + unitsOf(length);
  for (let unit = offset >> 3; unit < end; unit++) count += (datagram.present[unit >> 5]! >>> (unit & 31)) & 1;
  return count;
}

function markPresent(datagram: Datagram, offset: number, length: number): void {
  const end = (offset >> 3) + unitsOf(length);
  for (let unit = offset >> 3; unit < end; unit++) datagram.present[unit >> 5]! |= 1 << (unit & 31);
  datagram.units += unitsOf(length);
}

/** The header that the whole datagram has: IPv4's without the fragment fields, IPv6's fixed one before what was fragmented. */
function keepHeader(datagram: Datagram, packet: Packet): void {
  const { bytes, ipStart } = packet;
  const { header } = datagram;
  const ipv4 = packet.ipVersion === 4;
  datagram.headerLength = ipv4 ? (bytes[ipStart]! & 15) << 2 : 40;
  for (let at = 0; at < datagram.headerLength; at++) header[at] = bytes[ipStart + at]!;
  header[6] = ipv4 ? 0 : packet.ipProtocol;
  if (ipv4) header[7] = 0;
}

/** Total length of IPv4, payload length of IPv6; 0 when it is more than the field can say, which readers take for the rest of the frame. */
function writeLength(output: Uint8Array, ipStart: number, length: number): void {
  const at = ipStart + (output[ipStart]! >> 4 === 4 ? 2 : 4);
  const written = length > maxDatagramBytes ? 0 : length;
  output[at] = written >> 8;
  output[at + 1] = written & 255;
}
