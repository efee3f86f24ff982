/** The counters of a TCP connection as one event tells them (`struct tcp_event` of bpf/programs/shared/event.h). */
import { eventConstants as constant, tcpEvent } from '../../../bpf/programs/event.gen.ts';

/** Since the connection began; durations in microseconds, 0 where not measured. */
export interface TcpCounters {
  bytesSent: number;
  /** Payload that came in order: the FIN, which the kernel counts as a byte, is not among it. */
  bytesReceived: number;
  bytesRetransmitted: number;
  srttUs: number;
  rttVarianceUs: number;
  minRttUs: number;
  connectUs: number;
  congestionWindow: number;
  slowStartThreshold: number;
  segmentsOut: number;
  segmentsIn: number;
  retransmitted: number;
  synRetransmitted: number;
  lost: number;
  outOfOrder: number;
  resetReason: number;
  error: number;
  /** Numbers of include/net/tcp_states.h. */
  state: number;
  reset: number;
  finReceived: boolean;
  connected: boolean;
  headerBytes: number;
  segmentBytes: number;
  /** Reasons and counts of packets that were dropped. */
  drops: { reason: number; count: number }[];
}

/** Reads the event whose payload is at `at`; undefined when it is shorter than it should be. */
export function readTcpEvent(bytes: Uint8Array, at: number, captured: number): TcpCounters | undefined {
  if (captured < tcpEvent.size || at + tcpEvent.size > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, tcpEvent.size);
  const u32 = (offset: number) => view.getUint32(offset, true);
  const u64 = (offset: number) => u32(offset) + u32(offset + 4) * 2 ** 32;
  const u16 = (offset: number) => view.getUint16(offset, true);
  const flags = view.getUint8(tcpEvent.flags);
  const finReceived = (flags & constant.TCP_FIN_RECEIVED) !== 0;
  const drops: TcpCounters['drops'] = [];
  for (let slot = 0; slot < constant.TCP_DROP_SLOTS; slot++) {
    const count = u32(tcpEvent.drops + 4 * slot);
    if (count > 0) drops.push({ reason: u32(tcpEvent.dropReason + 4 * slot), count });
  }
  return {
    bytesSent: u64(tcpEvent.bytesSent),
    bytesReceived: Math.max(0, u64(tcpEvent.bytesReceived) - (finReceived ? 1 : 0)),
    bytesRetransmitted: u64(tcpEvent.bytesRetransmitted),
    srttUs: u32(tcpEvent.srttUs),
    rttVarianceUs: u32(tcpEvent.rttVarianceUs),
    minRttUs: u32(tcpEvent.minRttUs),
    connectUs: u32(tcpEvent.connectUs),
    congestionWindow: u32(tcpEvent.congestionWindow),
    slowStartThreshold: u32(tcpEvent.slowStartThreshold),
    segmentsOut: u32(tcpEvent.segmentsOut),
    segmentsIn: u32(tcpEvent.segmentsIn),
    retransmitted: u32(tcpEvent.retransmitted),
    synRetransmitted: u32(tcpEvent.synRetransmitted),
    lost: u32(tcpEvent.lost),
    outOfOrder: u32(tcpEvent.outOfOrder),
    resetReason: u32(tcpEvent.resetReason),
    error: u32(tcpEvent.error),
    state: u16(tcpEvent.state),
    reset: view.getUint8(tcpEvent.reset),
    finReceived,
    connected: (flags & constant.TCP_CONNECTED) !== 0,
    headerBytes: u16(tcpEvent.headerBytes),
    segmentBytes: u16(tcpEvent.segmentBytes),
    drops,
  };
}

/** Counters of a connection that has not moved anything. */
export const noCounters: TcpCounters = {
  ...{ bytesSent: 0, bytesReceived: 0, bytesRetransmitted: 0, srttUs: 0, rttVarianceUs: 0, minRttUs: 0, connectUs: 0 },
  ...{ congestionWindow: 0, slowStartThreshold: 0, segmentsOut: 0, segmentsIn: 0, retransmitted: 0 },
  ...{ synRetransmitted: 0, lost: 0, outOfOrder: 0, resetReason: 0, error: 0, state: 0, reset: 0 },
  ...{ finReceived: false, connected: false, headerBytes: 0, segmentBytes: 0, drops: [] },
};
