/** Where one TCP connection between two ends is over, or another begins on the same ports. */
import type { CloseType } from '../../pdata/schema/flow-log.ts';
import { ipProtocols, type Packet, tcpFlags } from '../packet/packet.ts';
import {
  bitsWord,
  type FlowCursor,
  firstSequenceWord,
  flowBits,
  peerBits,
  peerBitsWord,
  peerWord,
  peerWords,
  protocolWord,
  seenLowWord,
  stateWord,
  totalPacketsWord,
} from './row.ts';
import { after } from './seen-ranges.ts';
import { closeTypeOf, isOver } from './tcp-state.ts';

/** A SYN on a flow that it cannot belong to: the same addresses and ports are used again. */
export function isAnotherConnection(flow: FlowCursor, packet: Packet, peer: number): boolean {
  const { words } = flow;
  const mine = flow.at + peerWord + peer * peerWords;
  const other = flow.at + peerWord + (1 - peer) * peerWords;
  const bits = words[mine + peerBitsWord]!;
  const first = (packet.seq + 1) | 0;
  if (packet.flags & tcpFlags.ack) {
    if ((bits & peerBits.synAckSent) === 0 || words[mine + firstSequenceWord] === first) return false;
    return after(packet.ack, words[other + firstSequenceWord]!) !== 0;
  }
  if (bits & peerBits.opened) return words[mine + firstSequenceWord] !== first;
  if (isOver(words[flow.at + stateWord]!)) return true;
  // Joined in the middle: a SYN that was captured late stands just before the first byte seen.
  if ((bits & peerBits.seen) === 0) return words[mine + totalPacketsWord]! > 3;
  const before = after(words[mine + seenLowWord]!, first);
  return before < 0 || before > 0x10_0000;
}

/** How a flow has ended whose state does not tell: as `open` says, or for an established connection `timeout`. */
export function closeTypeAt(flow: FlowCursor, open: CloseType, answered: boolean): CloseType {
  const { words, at } = flow;
  const state = words[at + stateWord]!;
  const isTcp = (words[at + protocolWord]! & 0xff) === ipProtocols.tcp;
  if (!isTcp || (open !== 'timeout' && !isOver(state))) return open;
  const client = words[at + bitsWord]! & flowBits.reversed ? 1 : 0;
  const serverAt = at + peerWord + (1 - client) * peerWords;
  return closeTypeOf(state, {
    clientReset: (words[at + peerWord + client * peerWords + peerBitsWord]! & peerBits.reset) !== 0,
    finSeen:
      ((words[at + peerWord + peerBitsWord]! | words[at + peerWord + peerWords + peerBitsWord]!) & peerBits.fin) !== 0,
    serverPackets: words[serverAt + totalPacketsWord]!,
    answered,
  });
}
