/** Ethernet and what stands between it and IP: VLAN tags, SNAP, PPPoE, MPLS. */
import { read16, read24, read32 } from './bytes.ts';
import { type Cursor, failures, layers } from './decode-cursor.ts';
import type { Packet } from './packet.ts';
import { looksLikeEthernet, looksLikeIp } from './plausible.ts';

export const etherTypes = {
  ipv4: 0x0800,
  ipv6: 0x86dd,
  arp: 0x0806,
  vlan: 0x8100,
  providerVlan: 0x88a8,
  oldProviderVlan: 0x9100,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeSession: 0x8864,
  nsh: 0x894f,
  /** Transparent Ethernet bridging, in GRE and Geneve. */
  teb: 0x6558,
} as const;

/** Smallest number that is a type; below it is a length (IEEE 802.3 §3.2.6). */
const firstEtherType = 0x600;
const maxTags = 8;
const maxLabels = 16;

export function readEthernet(packet: Packet, cursor: Cursor): number {
  const { at } = cursor;
  if (cursor.end - at < 14) return cursor.missing();
  packet.ethernetStart = at;
  packet.vlan = 0;
  packet.innerVlan = 0;
  packet.etherType = read16(packet.bytes, at + 12);
  cursor.at = at + 14;
  return packet.etherType === etherTypes.ipv4 ? layers.ipv4 : layers.etherPayload;
}

/** Reads tags, and finds out what `packet.etherType` stands for. */
export function readEtherPayload(packet: Packet, cursor: Cursor): number {
  for (let tags = 0; tags <= maxTags; tags++) {
    switch (packet.etherType) {
      case etherTypes.ipv4:
        return layers.ipv4;
      case etherTypes.ipv6:
        return layers.ipv6;
      case etherTypes.vlan:
      case etherTypes.providerVlan:
      case etherTypes.oldProviderVlan: {
        if (cursor.end - cursor.at < 4) return cursor.missing();
        const id = read16(packet.bytes, cursor.at) & 0xfff;
        if (tags === 0) packet.vlan = id;
        else if (tags === 1) packet.innerVlan = id;
        packet.etherType = read16(packet.bytes, cursor.at + 2);
        cursor.at += 4;
        break;
      }
      case etherTypes.mpls:
      case etherTypes.mplsMulticast:
        return layers.mpls;
      case etherTypes.nsh:
        return layers.nsh;
      case etherTypes.pppoeSession:
        return readPppoe(packet, cursor);
      default:
        return packet.etherType < firstEtherType ? readSnap(packet, cursor) : -failures.notIp;
    }
  }
  return -failures.tooDeep;
}

/** A length instead of a type: IP may follow in a SNAP header (RFC 1042). */
function readSnap(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 8) return -failures.notIp;
  const snap = read24(bytes, at) === 0xaaaa03 && read24(bytes, at + 3) === 0;
  const type = read16(bytes, at + 6);
  if (!snap || (type !== etherTypes.ipv4 && type !== etherTypes.ipv6)) return -failures.notIp;
  cursor.limit(at + packet.etherType);
  packet.etherType = type;
  cursor.at = at + 8;
  return type === etherTypes.ipv4 ? layers.ipv4 : layers.ipv6;
}

/** PPPoE session stage (RFC 2516 §4): version and type 1, code 0, session, length, PPP protocol. */
function readPppoe(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 8) return cursor.missing();
  if (bytes[at] !== 0x11 || bytes[at + 1] !== 0) return -failures.notIp;
  cursor.limit(at + 6 + read16(bytes, at + 4));
  const protocol = read16(bytes, at + 6);
  cursor.at = Math.min(at + 8, cursor.end);
  if (protocol === 0x0021) return layers.ipv4;
  if (protocol === 0x0057) return layers.ipv6;
  if (protocol === 0x0281) return layers.mpls;
  return -failures.notIp;
}

/**
 * A stack of labels (RFC 3032 §2.1). Nothing says what they stand before: IP, or Ethernet in a pseudowire, with a control word
 * (RFC 4385) or without one (RFC 4448 §4.6), so it is told by what makes sense.
 */
export function readMpls(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  for (let labels = 0; labels < maxLabels; labels++) {
    const { at } = cursor;
    if (cursor.end - at < 4) return cursor.missing();
    const entry = read32(bytes, at);
    packet.mplsLabel = entry >>> 12;
    cursor.at = at + 4;
    if ((entry & 0x100) !== 0) return readBelowLabels(packet, cursor);
  }
  return -failures.tooDeep;
}

function readBelowLabels(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at, end, wireEnd } = cursor;
  if (at >= end) return cursor.missing();
  if (looksLikeIp(bytes, at, end, wireEnd)) return layers.ip;
  if (bytes[at]! >> 4 === 0 && looksLikeEthernet(bytes, at + 4, end)) {
    cursor.at = at + 4;
    return layers.ethernet;
  }
  return looksLikeEthernet(bytes, at, end) ? layers.ethernet : layers.ip;
}
