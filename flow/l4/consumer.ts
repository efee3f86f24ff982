/** Who takes the payload of flows: what the flow table calls, in stream order. */
import type { FlowIdentity } from '../identity.ts';

/** Why a conversation is over. */
export type EndReason = 'finished' | 'reset' | 'timeout' | 'evicted' | 'replaced' | 'capture_end';

/** Takes the payload of one flow. Sides are those of its identity: 0 sent by the client, 1 by the server. */
export interface StreamConsumer {
  /**
   * Payload bytes[start, end): of TCP the next bytes of that side's stream, of UDP one datagram, of ICMP echo one packet from the
   * ICMP header on. `bytes` is only lent until the call returns. `seq` is the sequence number of bytes[start] (0 but for TCP).
   * False: no more is wanted of this flow; nothing is called after it.
   */
  data(side: 0 | 1, bytes: Uint8Array, start: number, end: number, timeNs: number, seq: number, frame: number): boolean;
  /** `length` bytes of that side's stream were not captured. */
  gap(side: 0 | 1, length: number, timeNs: number): void;
  /** That side's stream ended in order (FIN). */
  finish(side: 0 | 1, timeNs: number): void;
  /** The flow is over; the last call. */
  close(timeNs: number, reason: EndReason): void;
}

/** Asked when the first payload of a flow comes; null: nobody wants it, and it is not asked again. */
export type Connect = (flow: FlowIdentity) => StreamConsumer | null;
