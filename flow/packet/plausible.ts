/** Whether bytes can be what a header before them does not say for sure. */
import { read16 } from './bytes.ts';

/** An IP header whose lengths fit into what is there. */
export function looksLikeIp(bytes: Uint8Array, at: number, end: number, wireEnd: number): boolean {
  const length = wireEnd - at;
  if (end - at < 20) return false;
  if (bytes[at]! >> 4 === 4) {
    const headerLength = (bytes[at]! & 15) * 4;
    const totalLength = read16(bytes, at + 2);
    return headerLength >= 20 && totalLength >= headerLength && totalLength <= length;
  }
  return bytes[at]! >> 4 === 6 && end - at >= 40 && 40 + read16(bytes, at + 4) <= length;
}

/** As `looksLikeIp`, and nothing is behind the packet: hardly ever true of anything else. */
export function isExactlyIp(bytes: Uint8Array, at: number, end: number, wireEnd: number): boolean {
  if (!looksLikeIp(bytes, at, end, wireEnd)) return false;
  const length = bytes[at]! >> 4 === 4 ? read16(bytes, at + 2) : 40 + read16(bytes, at + 4);
  return length === wireEnd - at;
}

/** An Ethernet header before something common. */
export function looksLikeEthernet(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 14) return false;
  switch (read16(bytes, at + 12)) {
    case 0x0800: // IPv4
      return end - at < 15 || bytes[at + 14]! >> 4 === 4;
    case 0x86dd: // IPv6
      return end - at < 15 || bytes[at + 14]! >> 4 === 6;
    case 0x0806: // ARP
    case 0x8035: // RARP
    case 0x8100: // VLAN tags
    case 0x88a8:
    case 0x9100:
    case 0x8847: // MPLS
    case 0x8848:
    case 0x8863: // PPPoE
    case 0x8864:
    case 0x88cc: // LLDP
    case 0x894f: // NSH
    case 0x9000: // loopback test
      return true;
    default: // spanning tree and its like: a length, and a common LLC header
      return read16(bytes, at + 12) <= 1500 && end - at >= 16 && (bytes[at + 14] === 0x42 || bytes[at + 14] === 0xaa);
  }
}
