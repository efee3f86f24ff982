/** Link layers: where the packet begins behind each kind of link header (www.tcpdump.org/linktypes.html). */
import { read16 } from './bytes.ts';
import { type Cursor, failures, layers } from './decode-cursor.ts';
import { etherTypes } from './decode-ethernet.ts';
import type { Packet } from './packet.ts';

/** LINKTYPE_ numbers that are known. RAW has three: the registered one and what systems write by their own DLT_RAW. */
export const linkTypes = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
} as const;

/** Reads the link header at the cursor. */
export function readLink(packet: Packet, cursor: Cursor, linkType: number): number {
  switch (linkType) {
    case linkTypes.ethernet:
      return layers.ethernet;
    case linkTypes.null:
    case linkTypes.loop:
      return readLoopback(packet, cursor);
    case linkTypes.raw:
    case linkTypes.rawBsd:
    case linkTypes.rawOpenBsd:
      return layers.ip;
    case linkTypes.ipv4:
      return layers.ipv4;
    case linkTypes.ipv6:
      return layers.ipv6;
    case linkTypes.sll:
      return readCooked(packet, cursor, 16, 14);
    case linkTypes.sll2:
      return readCooked(packet, cursor, 20, 0);
    default:
      return -failures.link;
  }
}

/** Four bytes with the address family of the system that captured, in its byte order (NULL) or the network's (LOOP). */
function readLoopback(packet: Packet, cursor: Cursor): number {
  const { at } = cursor;
  const { bytes } = packet;
  if (cursor.end - at < 4) return cursor.missing();
  const family = bytes[at]! | bytes[at + 3]!;
  if (bytes[at + 1] !== 0 || bytes[at + 2] !== 0) return -failures.notIp;
  cursor.at = at + 4;
  if (family === 2) return layers.ipv4;
  // Linux, NetBSD, FreeBSD, macOS
  if (family === 10 || family === 24 || family === 28 || family === 30) return layers.ipv6;
  return -failures.notIp;
}

/** Linux's cooked headers, versions 1 and 2: only the protocol is wanted. */
function readCooked(packet: Packet, cursor: Cursor, length: number, protocolOffset: number): number {
  const { at } = cursor;
  if (cursor.end - at < length) return cursor.missing();
  const protocol = read16(packet.bytes, at + protocolOffset);
  packet.etherType = protocol;
  cursor.at = at + length;
  // Interfaces of GRE tunnels say here what they carry; the rest is an Ethernet type.
  return protocol === etherTypes.teb ? layers.ethernet : layers.etherPayload;
}
