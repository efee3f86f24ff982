/** The key of a packet's flow: both directions of a conversation have the same one. */
import type { Packet } from '../packet/packet.ts';

/**
 * Fills the key's words (see `row.ts`) and says which peer the sender is: 0 or 1 by the order of the two ends. VLAN ids are compared apart
 * from it, for each direction: a mirror port often shows one with a tag and the other without.
 */
export function fillKey(key: Int32Array, packet: Packet): 0 | 1 {
  const s3 = packet.source3 | 0;
  const d3 = packet.destination3 | 0;
  let sourceFirst = s3 < d3;
  if (s3 === d3) sourceFirst = sourceIsFirst(packet);
  const source = sourceFirst ? 0 : 4;
  key[source] = packet.source0;
  key[source + 1] = packet.source1;
  key[source + 2] = packet.source2;
  key[source + 3] = s3;
  key[4 - source] = packet.destination0;
  key[5 - source] = packet.destination1;
  key[6 - source] = packet.destination2;
  key[7 - source] = d3;
  key[8] = sourceFirst
    ? (packet.sourcePort << 16) | packet.destinationPort
    : (packet.destinationPort << 16) | packet.sourcePort;
  key[9] = packet.ipProtocol | (packet.tunnel << 8) | (packet.point << 16);
  key[10] = packet.tunnelId;
  return sourceFirst ? 0 : 1;
}

/** Of two ends whose last address words are equal. */
function sourceIsFirst(packet: Packet): boolean {
  if (packet.source2 !== packet.destination2) return packet.source2 < packet.destination2;
  if (packet.source1 !== packet.destination1) return packet.source1 < packet.destination1;
  if (packet.source0 !== packet.destination0) return packet.source0 < packet.destination0;
  return packet.sourcePort <= packet.destinationPort;
}

/** Set in the VLAN word of a direction that is known, for it may have no tag. */
const known = 0x8000;

/** VLAN ids of a packet as one word: outer in the low half, inner in the high one; never 0. */
export function vlanOf(packet: Packet): number {
  return packet.vlan | known | (packet.innerVlan << 16);
}

export function outerVlan(vlan: number): number {
  return vlan & 0x7fff;
}

export function innerVlan(vlan: number): number {
  return vlan >>> 16;
}
