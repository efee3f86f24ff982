/** What a flow's row takes from its first packet. */
import type { Packet } from '../packet/packet.ts';
import {
  bitsWord,
  type FlowCursor,
  flowBits,
  ipIdWord,
  lastDouble,
  lastTimeDouble,
  macWord,
  mplsWord,
  peerDouble,
  peerDoubles,
  startDouble,
  ttlWord,
} from './row.ts';

/** Fills a row of zeros; the packet was sent by `peer`. Key, id and queue are the table's business. */
export function takeFirstPacket(flow: FlowCursor, packet: Packet, peer: number): void {
  const { words, doubles, at, half } = flow;
  words[at + ipIdWord] = packet.ipId;
  words[at + mplsWord] = packet.mplsLabel;
  words[at + ttlWord] = (packet.tunnelDepth & 255) << 16;
  if (packet.ipVersion === 6) words[at + bitsWord] = flowBits.ipv6;
  doubles[half + startDouble] = packet.timeNs;
  doubles[half + lastDouble] = packet.timeNs;
  doubles[half + peerDouble + lastTimeDouble] = Number.NEGATIVE_INFINITY;
  doubles[half + peerDouble + peerDoubles + lastTimeDouble] = Number.NEGATIVE_INFINITY;
  copyMacs(flow, packet, peer);
}

/** The MAC addresses of the flow's first packet. */
function copyMacs({ words, at }: FlowCursor, packet: Packet, peer: number): void {
  const { bytes, ethernetStart } = packet;
  if (ethernetStart < 0 || ethernetStart + 12 > bytes.length) return;
  for (let byte = 0; byte < 12; byte++) {
    // The destination's comes first on the wire.
    const from = ethernetStart + (byte < 6 === (peer === 0) ? (byte % 6) + 6 : byte % 6);
    words[at + macWord + (byte >> 2)]! |= bytes[from]! << (8 * (byte & 3));
  }
}
