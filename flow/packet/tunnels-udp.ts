/** Tunnels in UDP: VXLAN (RFC 7348) with its generic extension, Geneve (RFC 8926), GTP-U (3GPP TS 29.281). */
import { read16, read24, read32 } from './bytes.ts';
import { type Cursor, layers } from './decode-cursor.ts';
import type { Packet } from './packet.ts';
import { isExactlyIp, looksLikeEthernet, looksLikeIp } from './plausible.ts';
import { enterTunnel, type TunnelPolicy, tunnelCodes } from './tunnels.ts';
import { layerOfEtherType, layerOfNextProtocol } from './tunnels-inner.ts';

const maxGtpExtensions = 16;

/** A quick look at a UDP packet: most can be no tunnel. */
export function mayBeTunnel(packet: Packet): boolean {
  if (packet.payloadLength < 8) return false;
  switch (packet.destinationPort) {
    case 4789:
    case 4790:
    case 8472:
    case 6784:
    case 6081:
    case 2152:
      return true;
    default: // VXLAN's flags
      return packet.bytes[packet.payloadStart] === 8;
  }
}

/** Goes into the tunnel that the payload of a UDP packet is; `done` when it is none. */
export function openUdpTunnel(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  switch (packet.destinationPort) {
    case 4789:
    case 8472: // Linux before the port was registered, and OTV
    case 6784: // Weave
    case 4790: // generic protocol extension
      return openVxlan(packet, cursor, policy);
    case 6081:
      return openGeneve(packet, cursor, policy);
    case 2152:
      return openGtp(packet, cursor, policy);
    default:
      return openVxlanAtAnyPort(packet, cursor, policy);
  }
}

/**
 * | byte | VXLAN | generic extension (draft-ietf-nvo3-vxlan-gpe) |
 * |---|---|---|
 * | 0 | flags: I = 8, group policy = 0x80 | version 0x30, I = 8, P = 4, B = 2, O = 1 |
 * | 1–3 | reserved, or group | reserved, next protocol |
 * | 4–6 | VNI | VNI |
 */
function openVxlan(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadLength < 8 || !policy.opens(packet, tunnelCodes.vxlan)) return layers.done;
  const flags = bytes[at]!;
  if ((flags & 0x08) === 0 || (flags & 0x70) !== 0) return layers.done;
  const inner = (flags & 0x84) === 0x04 ? layerOfNextProtocol(bytes[at + 3]!) : layers.ethernet;
  if (inner === layers.done) return layers.done;
  enterTunnel(packet, cursor, tunnelCodes.vxlan, read24(bytes, at + 4), at + 8);
  return inner;
}

/** Mirrors and some clouds send VXLAN to ports of their own: believed when an IP packet in Ethernet fills the rest to the last byte. */
function openVxlanAtAnyPort(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { bytes, payloadStart: at } = packet;
  if (packet.payloadLength < 42 || bytes[at] !== 8) return layers.done;
  if (read32(bytes, at) !== 0x08000000 || bytes[at + 7] !== 0 || !looksLikeEthernet(bytes, at + 8, cursor.end)) {
    return layers.done;
  }
  const type = read16(bytes, at + 20);
  const ip = type === 0x0800 || type === 0x86dd;
  if (!ip || !isExactlyIp(bytes, at + 22, cursor.end, cursor.wireEnd)) return layers.done;
  return openVxlan(packet, cursor, policy);
}

/** | 2 bits version 0, 6 bits length of options in words | flags | protocol type | VNI | reserved | options | */
function openGeneve(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { bytes, payloadStart: at, payloadLength } = packet;
  if (payloadLength < 8 || bytes[at]! >> 6 !== 0 || !policy.opens(packet, tunnelCodes.geneve)) return layers.done;
  const headerLength = 8 + ((bytes[at]! & 0x3f) << 2);
  const inner = layerOfEtherType(read16(bytes, at + 2));
  if (inner === layers.done || headerLength > payloadLength) return layers.done;
  enterTunnel(packet, cursor, tunnelCodes.geneve, read24(bytes, at + 4), at + headerLength);
  return inner;
}

/**
 * | byte | |
 * |---|---|
 * | 0 | version 1 in 3 bits, protocol type 1, reserved, E = 4, S = 2, PN = 1 |
 * | 1 | message type; 255 carries a user's packet |
 * | 2–3 | length of what follows byte 7 |
 * | 4–7 | tunnel endpoint id |
 * | 8–11 | with any flag: sequence number, N-PDU number, type of the next extension header |
 */
function openGtp(packet: Packet, cursor: Cursor, policy: TunnelPolicy): number {
  const { bytes, payloadStart: at } = packet;
  const { end } = cursor;
  if (packet.payloadLength < 9 || !policy.opens(packet, tunnelCodes['gtp-u'])) return layers.done;
  const flags = bytes[at]!;
  const wireEnd = at + 8 + read16(bytes, at + 2);
  if (flags >> 4 !== 3 || bytes[at + 1] !== 255 || wireEnd > cursor.wireEnd) return layers.done;
  let inner = at + 8;
  if ((flags & 7) !== 0) {
    inner = at + 12;
    let next = (flags & 4) !== 0 && inner <= end ? bytes[at + 11]! : 0;
    for (let count = 0; next !== 0; count++) {
      const length = inner < end ? bytes[inner]! << 2 : 0;
      if (length === 0 || inner + length > end || count === maxGtpExtensions) return layers.done;
      inner += length;
      next = bytes[inner - 1]!;
    }
  }
  if (inner >= end) return layers.done;
  const ip = looksLikeIp(bytes, inner, end, wireEnd);
  if (!ip && !looksLikeEthernet(bytes, inner, end)) return layers.done;
  enterTunnel(packet, cursor, tunnelCodes['gtp-u'], read32(bytes, at + 4) >>> 0, inner);
  cursor.limit(wireEnd);
  return ip ? layers.ip : layers.ethernet;
}
