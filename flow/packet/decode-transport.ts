/** TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792, RFC 4443) and the ports of SCTP (RFC 9260). */
import { read16, read32 } from './bytes.ts';
import { type Cursor, failures, layers } from './decode-cursor.ts';
import { type Packet, tcpFlags } from './packet.ts';
import { readTcpOptions } from './tcp-options.ts';

export function readTcp(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 20) return cursor.missing();
  const headerLength = (bytes[at + 12]! >> 4) << 2;
  if (headerLength < 20 || headerLength > cursor.wireEnd - at) return -failures.badTransport;
  packet.sourcePort = read16(bytes, at);
  packet.destinationPort = read16(bytes, at + 2);
  packet.seq = read32(bytes, at + 4) >>> 0;
  packet.ack = read32(bytes, at + 8) >>> 0;
  packet.flags = bytes[at + 13]!;
  packet.window = read16(bytes, at + 14);
  // Most segments carry nothing but two NOPs and a timestamp (RFC 7323 appendix A).
  const plain = headerLength === 32 && cursor.end - at >= 32 && read32(bytes, at + 20) === 0x0101080a;
  if (headerLength > 20 && !plain) {
    readTcpOptions(packet, at + 20, Math.min(at + headerLength, cursor.end), (packet.flags & tcpFlags.syn) !== 0);
  }
  setPayload(packet, cursor, at, headerLength);
  return layers.done;
}

/** Fills ports and payload; who looks for tunnels in it goes on from there. */
export function readUdp(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 8) return cursor.missing();
  const length = read16(bytes, at + 4);
  // 0: longer than the field can say.
  if (length !== 0) {
    if (length < 8) return -failures.badTransport;
    cursor.limit(at + length);
  }
  packet.sourcePort = read16(bytes, at);
  packet.destinationPort = read16(bytes, at + 2);
  setPayload(packet, cursor, at, 8);
  return layers.done;
}

/** Echo request and reply of ICMP and ICMPv6 have an identifier and a sequence number. */
export function readIcmp(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 4) return cursor.missing();
  const type = bytes[at]!;
  packet.icmpType = type;
  packet.icmpCode = bytes[at + 1]!;
  const echo = packet.ipVersion === 4 ? type === 8 || type === 0 : type === 128 || type === 129;
  if (echo && cursor.end - at >= 8) {
    packet.sourcePort = read16(bytes, at + 4);
    packet.destinationPort = packet.sourcePort;
    packet.seq = read16(bytes, at + 6);
  }
  setPayload(packet, cursor, at, Math.min(8, cursor.wireEnd - at));
  return layers.done;
}

export function readSctp(packet: Packet, cursor: Cursor): number {
  const { bytes } = packet;
  const { at } = cursor;
  if (cursor.end - at < 12) return cursor.missing();
  packet.sourcePort = read16(bytes, at);
  packet.destinationPort = read16(bytes, at + 2);
  setPayload(packet, cursor, at, 12);
  return layers.done;
}

/** A transport that is not looked into. */
export function readOther(packet: Packet, cursor: Cursor): number {
  setPayload(packet, cursor, cursor.at, 0);
  return layers.done;
}

function setPayload(packet: Packet, cursor: Cursor, at: number, headerLength: number): void {
  const start = at + headerLength;
  const { end } = cursor;
  packet.layer4Length = cursor.wireEnd - at;
  packet.payloadWireLength = cursor.wireEnd - start;
  packet.payloadStart = Math.min(start, end);
  packet.payloadLength = start < end ? end - start : 0;
}
