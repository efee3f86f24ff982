/** IPv4 (RFC 791) and IPv6 (RFC 8200) headers, with the extension headers that stand before the transport. */
import { read16, read32 } from './bytes.ts';
import { type Cursor, failures, layers } from './decode-cursor.ts';
import type { Packet } from './packet.ts';

const maxExtensionHeaders = 16;

export function readIpv4(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 20) return cursor.missing();
  const first = bytes[at]!;
  const headerLength = (first & 15) << 2;
  if (first >> 4 !== 4 || headerLength < 20) return -failures.badIp;
  const totalLength = read16(bytes, at + 2);
  // 0: a packet that the network card will cut up or has joined (TSO, GRO), longer than the field can say.
  if (totalLength !== 0) {
    if (totalLength < headerLength) return -failures.badIp;
    cursor.limit(at + totalLength);
  }
  if (cursor.end - at < headerLength) return cursor.missing();
  packet.ipVersion = 4;
  packet.ipStart = at;
  packet.ipId = read16(bytes, at + 4);
  packet.ttl = bytes[at + 8]!;
  packet.ipProtocol = bytes[at + 9]!;
  packet.source0 = 0;
  packet.source1 = 0;
  packet.source2 = 0xffff;
  packet.source3 = read32(bytes, at + 12);
  packet.destination0 = 0;
  packet.destination1 = 0;
  packet.destination2 = 0xffff;
  packet.destination3 = read32(bytes, at + 16);
  packet.layer3Length = cursor.wireEnd - at;
  cursor.at = at + headerLength;
  const fragment = read16(bytes, at + 6);
  if ((fragment & 0x3fff) === 0) return layers.ipPayload;
  cursor.fragmentOffset = (fragment & 0x1fff) << 3;
  cursor.moreFragments = (fragment & 0x2000) !== 0;
  cursor.fragmentId = packet.ipId;
  return layers.fragment;
}

export function readIpv6(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 40) return cursor.missing();
  if (bytes[at]! >> 4 !== 6) return -failures.badIp;
  const payloadLength = read16(bytes, at + 4);
  // 0: a jumbogram (RFC 2675), or joined by the network card.
  if (payloadLength !== 0) cursor.limit(at + 40 + payloadLength);
  packet.ipVersion = 6;
  packet.ipStart = at;
  packet.ipId = 0;
  packet.ttl = bytes[at + 7]!;
  packet.source0 = read32(bytes, at + 8);
  packet.source1 = read32(bytes, at + 12);
  packet.source2 = read32(bytes, at + 16);
  packet.source3 = read32(bytes, at + 20);
  packet.destination0 = read32(bytes, at + 24);
  packet.destination1 = read32(bytes, at + 28);
  packet.destination2 = read32(bytes, at + 32);
  packet.destination3 = read32(bytes, at + 36);
  packet.layer3Length = cursor.wireEnd - at;
  cursor.at = at + 40;
  return readExtensionHeaders(packet, cursor, bytes[at + 6]!);
}

function readExtensionHeaders(packet: Packet, cursor: Cursor, next: number): number {
  const { bytes } = packet;
  for (let headers = 0; headers < maxExtensionHeaders; headers++) {
    const { at } = cursor;
    let length = 0;
    switch (next) {
      case 0: // hop-by-hop options
      case 43: // routing
      case 60: // destination options
      case 135: // mobility
      case 139: // host identity
      case 140: // shim6
        if (cursor.end - at < 8) return cursor.missing();
        length = (bytes[at + 1]! + 1) << 3;
        break;
      case 51: // authentication (RFC 4302 §2.2)
        if (cursor.end - at < 8) return cursor.missing();
        length = (bytes[at + 1]! + 2) << 2;
        break;
      case 44: {
        if (cursor.end - at < 8) return cursor.missing();
        const field = read16(bytes, at + 2);
        packet.ipProtocol = bytes[at]!;
        // Neither an offset nor more to come: whole after all (RFC 6946).
        if ((field & 0xfff9) !== 0) {
          cursor.fragmentOffset = field & 0xfff8;
          cursor.moreFragments = (field & 1) !== 0;
          cursor.fragmentId = read32(bytes, at + 4);
          cursor.at = at + 8;
          return layers.fragment;
        }
        length = 8;
        break;
      }
      default:
        packet.ipProtocol = next;
        return layers.ipPayload;
    }
    if (cursor.end - at < length) return cursor.missing();
    next = bytes[at]!;
    cursor.at = at + length;
  }
  return -failures.tooDeep;
}
