/** Tunnels that are an IP protocol of their own: GRE (RFC 2784, RFC 2890), ERSPAN in it, IP in IP (RFC 2003, RFC 4213, RFC 2473); and NSH. */
import { read16, read32 } from './bytes.ts';
import { type Cursor, failures, layers } from './decode-cursor.ts';
import { etherTypes } from './decode-ethernet.ts';
import type { Packet } from './packet.ts';
import { looksLikeIp } from './plausible.ts';
import { enterTunnel, type TunnelPolicy, tunnelCodes } from './tunnels.ts';
import { layerOfEtherType, layerOfNextProtocol } from './tunnels-inner.ts';

const greFlags = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000, acknowledgment: 0x0080 } as const;
const erspan = { typeOneOrTwo: 0x88be, typeThree: 0x22eb } as const;

/** The inner packet of IP protocols 4 and 41; `done` when there is none. */
export function openIpInIp(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { at } = cursor;
  const inner = packet.ipProtocol === 4 ? 4 : 6;
  if (at >= cursor.end || packet.bytes[at]! >> 4 !== inner) return layers.done;
  const codes = tunnelCodes;
  const [outer4, outer6] = inner === 4 ? [codes.ipip, codes['4in6']] : [codes['6in4'], codes['6in6']];
  const code = packet.ipVersion === 4 ? outer4 : outer6;
  if (!policy.opens(packet, code)) return layers.done;
  enterTunnel(packet, cursor, code, 0, at);
  return inner === 4 ? layers.ipv4 : layers.ipv6;
}

/** What GRE carries; `done` when it is nothing that is looked into. Packets with the source routes of RFC 1701 are left alone. */
export function openGre(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 4) return layers.done;
  const flags = read16(bytes, at);
  const type = read16(bytes, at + 2);
  const version = flags & 7;
  if ((flags & greFlags.routing) !== 0 || version > 1) return layers.done;
  const keyAt = at + 4 + ((flags & greFlags.checksum) !== 0 ? 4 : 0);
  const hasKey = (flags & greFlags.key) !== 0;
  const innerStart = keyAt + (hasKey ? 4 : 0) + ((flags & greFlags.sequence) !== 0 ? 4 : 0);
  if (innerStart >= cursor.end) return layers.done;
  const key = hasKey ? read32(bytes, keyAt) >>> 0 : 0;
  if (version === 1) return hasKey ? openTencentGre(packet, cursor, policy, flags, type, key, innerStart) : layers.done;
  if (type === erspan.typeOneOrTwo || type === erspan.typeThree) {
    return openErspan(packet, cursor, policy, type, (flags & greFlags.sequence) !== 0, innerStart);
  }
  const inner = layerOfEtherType(type);
  const code = inner === layers.ethernet ? tunnelCodes.teb : tunnelCodes.gre;
  const wrong = (inner === layers.ipv4 || inner === layers.ipv6) && !isIpVersion(bytes, innerStart, inner);
  if (inner === layers.done || wrong || !policy.opens(packet, code)) return layers.done;
  enterTunnel(packet, cursor, code, key, innerStart);
  return inner;
}

/** Tencent Cloud carries IP in version 1 of GRE, which RFC 2637 has for PPP: the key is the tunnel's id. */
function openTencentGre(
  packet: Packet,
  cursor: Cursor,
  policy: TunnelPolicy,
  flags: number,
  type: number,
  key: number,
  innerStart: number,
): number {
  if (type !== etherTypes.ipv4 && type !== etherTypes.ipv6) return layers.done;
  const { bytes } = packet;
  // Version 1 has an acknowledgment number when this flag is set; whether Tencent's has one is not documented.
  let start = innerStart;
  const acknowledged = (flags & greFlags.acknowledgment) !== 0;
  if (acknowledged && !looksLikeIp(bytes, start, cursor.end, cursor.wireEnd)) start += 4;
  const inner = layerOfEtherType(type);
  if (start >= cursor.end || !isIpVersion(bytes, start, inner)) return layers.done;
  if (!policy.opens(packet, tunnelCodes['tencent-gre'])) return layers.done;
  enterTunnel(packet, cursor, tunnelCodes['tencent-gre'], key, start);
  packet.tunnelVersion = 1;
  return inner;
}

/**
 * ERSPAN (draft-foschiano-erspan-03). Type I has no header; those of II and III begin with a version in 4 bits (1, 2), and have the session
 * in the low 10 bits of bytes 2 and 3. II is 8 bytes; III is 12, whose last byte tells of a subheader of 8 more, and whose frame type
 * (5 bits after the first of byte 10) is 0 for Ethernet and 2 for IP.
 */
function openErspan(
  packet: Packet,
  cursor: Cursor,
  policy: TunnelPolicy,
  type: number,
  sequenced: boolean,
  at: number,
): number {
  if (!policy.opens(packet, tunnelCodes.erspan)) return layers.done;
  const { bytes } = packet;
  if (type === erspan.typeOneOrTwo && !sequenced) return enterErspan(packet, cursor, 1, 0, at);
  const third = type === erspan.typeThree;
  const headerLength = third ? 12 : 8;
  if (cursor.end - at < headerLength || bytes[at]! >> 4 !== (third ? 2 : 1)) return layers.done;
  const session = read16(bytes, at + 2) & 0x3ff;
  if (!third) return enterErspan(packet, cursor, 2, session, at + headerLength);
  const subheader = (bytes[at + 11]! & 1) !== 0 ? 8 : 0;
  const frameType = (bytes[at + 10]! >> 2) & 0x1f;
  const innerStart = at + headerLength + subheader;
  if (innerStart >= cursor.end || (frameType !== 0 && frameType !== 2)) return layers.done;
  const layer = enterErspan(packet, cursor, 3, session, innerStart);
  return frameType === 2 ? layers.ip : layer;
}

function enterErspan(packet: Packet, cursor: Cursor, version: number, session: number, innerStart: number): number {
  enterTunnel(packet, cursor, tunnelCodes.erspan, session, innerStart);
  packet.tunnelVersion = version;
  return layers.ethernet;
}

/**
 * A service path header (RFC 8300 §2): version, flags, TTL and length in words in the first two bytes, next protocol in byte 3, path and
 * index in bytes 4 to 7. Right inside another tunnel it is noted as a part of that one.
 */
export function readNsh(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 8) return cursor.missing();
  const headerLength = (bytes[at + 1]! & 0x3f) << 2;
  const inner = layerOfNextProtocol(bytes[at + 3]!);
  if (bytes[at]! >> 6 !== 0 || headerLength < 8 || inner === layers.done) return -failures.notIp;
  if (headerLength > cursor.end - at) return cursor.missing();
  const path = read32(bytes, at + 4) >>> 0;
  if (packet.tunnel !== 0 && packet.innerStart === at) {
    packet.innerStart = at + headerLength;
    cursor.at = at + headerLength;
  } else {
    if (!policy.opens(packet, tunnelCodes.nsh)) return -failures.notIp;
    enterTunnel(packet, cursor, tunnelCodes.nsh, path >>> 8, at + headerLength);
  }
  packet.servicePath = path;
  return inner;
}

function isIpVersion(bytes: Uint8Array, at: number, layer: number): boolean {
  return bytes[at]! >> 4 === (layer === layers.ipv4 ? 4 : 6);
}
