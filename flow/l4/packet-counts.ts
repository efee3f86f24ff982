/** What every packet adds to its flow's row. */
import { type Packet, tcpFlags } from '../packet/packet.ts';
import {
  bytesDouble,
  type FlowCursor,
  finWord,
  flagsWord,
  highestAckWord,
  lastDouble,
  layer3BytesDouble,
  packetsWord,
  payloadBytesDouble,
  peerBits,
  peerBitsWord,
  peerDouble,
  peerDoubles,
  peerWord,
  peerWords,
  realAddressWord,
  realPortWord,
  rstWord,
  totalPacketsWord,
  ttlWord,
} from './row.ts';
import { after } from './seen-ranges.ts';

export function countPacket(flow: FlowCursor, packet: Packet, peer: number): void {
  const { words, doubles } = flow;
  const mine = flow.at + peerWord + peer * peerWords;
  const half = flow.half + peerDouble + peer * peerDoubles;
  words[mine + packetsWord]!++;
  if (words[mine + totalPacketsWord]!++ === 0) {
    words[flow.at + ttlWord]! |= (packet.ttl & 255) << (8 * peer);
  }
  doubles[half + bytesDouble]! += packet.wireLength;
  doubles[half + layer3BytesDouble]! += packet.layer3Length;
  doubles[half + payloadBytesDouble]! += packet.payloadWireLength;
  if (packet.timeNs > doubles[flow.half + lastDouble]!) doubles[flow.half + lastDouble] = packet.timeNs;
}

/** Flags, the highest acknowledgement and the real client; `mine` is where the sender's words begin. */
export function countTcp(flow: FlowCursor, packet: Packet, mine: number): void {
  const { words } = flow;
  const { flags } = packet;
  words[mine + flagsWord]! |= flags;
  if (packet.realClientAddress !== 0) {
    words[flow.at + realAddressWord] = packet.realClientAddress;
    words[flow.at + realPortWord] = packet.realClientPort;
  }
  if (flags & tcpFlags.fin) {
    words[mine + finWord]!++;
    words[mine + peerBitsWord]! |= peerBits.fin;
  }
  if (flags & tcpFlags.rst) {
    words[mine + rstWord]!++;
    words[mine + peerBitsWord]! |= peerBits.reset;
  }
  if ((flags & tcpFlags.ack) === 0) return;
  const known = (words[mine + peerBitsWord]! & peerBits.acked) !== 0;
  if (known && after(packet.ack, words[mine + highestAckWord]!) <= 0) return;
  words[mine + peerBitsWord]! |= peerBits.acked;
  words[mine + highestAckWord] = packet.ack;
}
