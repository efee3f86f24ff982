/** The addresses and ports of a flow's two peers, as its row has them. */
import { addressText } from './addresses.ts';
import { addressWord, type FlowCursor, portsWord } from './row.ts';

export function peerAddress(flow: FlowCursor, peer: number): string {
  const at = flow.at + addressWord + 4 * peer;
  return addressText(flow.words[at]!, flow.words[at + 1]!, flow.words[at + 2]!, flow.words[at + 3]!);
}

export function peerPort(flow: FlowCursor, peer: number): number {
  const ports = flow.words[flow.at + portsWord]!;
  return peer === 0 ? ports >>> 16 : ports & 0xffff;
}
