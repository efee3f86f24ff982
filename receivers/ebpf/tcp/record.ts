/** Writes the `deepflow.flow` record of a process's connection, with the attributes that records of packets have. */
import { UnixTime } from '../../../flow/calls/unix-time.ts';
import { flowIdText } from '../../../flow/identity.ts';
import { evidenceScores } from '../../../flow/l4/direction.ts';
import { bucketOf } from '../../../flow/l4/histogram.ts';
import { recordKey } from '../../../flow/l4/record-key.ts';
import { blame } from '../../../flow/l4/tcp-state.ts';
import { type AttributeKey, AttributeWriter } from '../../../flow/otlp/attribute-writer.ts';
import { WireBytes } from '../../../flow/otlp/wire-bytes.ts';
import type { CaptureClock } from '../../../flow/packet/clock.ts';
import { type CloseType, directionEvidence, flowEventName } from '../../../pdata/schema/flow-log.ts';
import { whoReset } from './close-type.ts';
import type { TcpConnection } from './connection.ts';
import { errorName, type KernelNames, stateName } from './kernel-names.ts';

/** Of the capture's clock. */
export interface RecordTimes {
  fromNs: number;
  toNs: number;
  startNs: number;
  endNs: number;
}

const ofFlow = (name: string) => recordKey(`deepflow.flow.${name}`);
const keys = {
  id: ofFlow('id'),
  clientAddress: recordKey('client.address'),
  clientPort: recordKey('client.port'),
  serverAddress: recordKey('server.address'),
  serverPort: recordKey('server.port'),
  transport: recordKey('network.transport'),
  networkType: recordKey('network.type'),
  protocol: recordKey('network.protocol.name'),
  observationPoint: recordKey('deepflow.observation_point'),
  peerService: recordKey('service.peer.name'),
  socketId: recordKey('deepflow.socket.id'),
  start: ofFlow('start_time'),
  end: ofFlow('end_time'),
  duration: ofFlow('duration'),
  interval: ofFlow('interval'),
  isNew: ofFlow('is_new'),
  closeType: ofFlow('close_type'),
  status: ofFlow('status'),
  failure: ofFlow('failure'),
  evidence: ofFlow('direction.evidence'),
  score: ofFlow('direction.score'),
  synSequence: ofFlow('syn.sequence'),
  synAckSequence: ofFlow('syn_ack.sequence'),
  syn: ofFlow('syn'),
  synAck: ofFlow('syn_ack'),
  synRepeats: ofFlow('syn.retransmissions'),
  rttCount: ofFlow('rtt.count'),
  rttSum: ofFlow('rtt.sum'),
  rttMin: ofFlow('rtt.min'),
  rttMax: ofFlow('rtt.max'),
  rttScale: ofFlow('rtt.scale'),
  rttOffset: ofFlow('rtt.offset'),
  rttBuckets: ofFlow('rtt.buckets'),
  state: ofFlow('tcp.state'),
  smoothedRtt: ofFlow('tcp.smoothed_rtt'),
  rttVariance: ofFlow('tcp.rtt_variance'),
  minRtt: ofFlow('tcp.min_rtt'),
  window: ofFlow('tcp.congestion_window'),
  threshold: ofFlow('tcp.slow_start_threshold'),
  segmentSize: ofFlow('tcp.segment_size'),
  lost: ofFlow('tcp.lost'),
  retransmittedBytes: ofFlow('tcp.retransmitted_bytes'),
  connectDuration: ofFlow('tcp.connect_duration'),
  error: ofFlow('tcp.error'),
  resetBy: ofFlow('reset.by'),
  resetReason: ofFlow('reset.reason'),
  drops: ofFlow('drops'),
  dropReasons: ofFlow('drop.reasons'),
  dropCounts: ofFlow('drop.counts'),
} as const;

const callCounts = [
  ['requests', ofFlow('l7.requests')],
  ['responses', ofFlow('l7.responses')],
  ['clientErrors', ofFlow('l7.client_errors')],
  ['serverErrors', ofFlow('l7.server_errors')],
  ['timeouts', ofFlow('l7.timeouts')],
] as const;

const sides = {
  client: sideKeys('client'),
  server: sideKeys('server'),
};

function sideKeys(side: string) {
  const of = (name: string) => ofFlow(`${side}.${name}`);
  return {
    packets: of('packets'),
    bytes: of('bytes'),
    ipBytes: of('l3_bytes'),
    payloadBytes: of('payload_bytes'),
    retransmissions: of('retransmissions'),
    outOfOrder: of('out_of_order'),
    rst: of('rst'),
  };
}

/** Ethernet, which most links are: what the kernel counts begins at TCP. */
const linkHeaderBytes = 14;
/** The kernel's `TCP_INFINITE_SSTHRESH`: no loss has set it yet. */
const noThreshold = 0x7fff_ffff;
/** Scale of the histogram of a single value. */
const singleScale = 3;
const oneValue = [1];

/** Makes the two halves of a LogRecord: {@link head} and {@link attributes}.out. */
export class TcpRecordWriter {
  readonly head = new WireBytes(64);
  readonly attributes = new AttributeWriter(6);
  readonly #time: UnixTime;
  readonly #names: KernelNames;

  constructor(clock: CaptureClock, names: KernelNames) {
    this.#time = new UnixTime(clock);
    this.#names = names;
  }

  /** Writes what happened since the connection was last told. */
  write(connection: TcpConnection, closeType: CloseType, times: RecordTimes): void {
    const { head } = this;
    head.clear();
    this.#time.set(times.toNs);
    head.byte(0x09);
    head.fixed64(this.#time.lo, this.#time.hi);
    head.byte(0x59);
    head.fixed64(this.#time.lo, this.#time.hi);
    head.byte(0x62);
    head.text(flowEventName);
    this.attributes.clear();
    this.#identity(connection);
    this.#life(connection, closeType, times);
    this.#handshake(connection);
    this.#sides(connection, closeType !== 'periodic');
    this.#calls(connection);
    this.#kernel(connection);
  }

  #identity(connection: TcpConnection): void {
    const { attributes } = this;
    const { role, localAddress, localPort, remoteAddress, remotePort, link, isFirst, conversations } = connection;
    const isClient = role === 'client';
    attributes.text(keys.id, flowIdText({ idHi: connection.id.hi, idLo: connection.id.lo }));
    attributes.text(keys.clientAddress, isClient ? localAddress : remoteAddress);
    attributes.int(keys.clientPort, isClient ? localPort : remotePort);
    attributes.text(keys.serverAddress, isClient ? remoteAddress : localAddress);
    attributes.int(keys.serverPort, isClient ? remotePort : localPort);
    attributes.text(keys.transport, 'tcp');
    attributes.text(keys.networkType, connection.family === 6 ? 'ipv6' : 'ipv4');
    // Of a connection with TLS, what is inside is what counts; it is the last that was found.
    attributes.text(keys.protocol, conversations.findLast(({ protocol }) => protocol !== '')?.protocol ?? '');
    attributes.text(keys.observationPoint, isClient ? 'c-p' : 's-p');
    attributes.text(keys.peerService, (isFirst ? link?.second : link?.first) ?? '');
    attributes.text(keys.socketId, conversations[0]?.socket?.id ?? '');
  }

  #life(connection: TcpConnection, closeType: CloseType, { fromNs, toNs, startNs, endNs }: RecordTimes): void {
    const { attributes } = this;
    this.#time.set(startNs);
    attributes.intWords(keys.start, this.#time.hi, this.#time.lo);
    this.#time.set(endNs);
    attributes.intWords(keys.end, this.#time.hi, this.#time.lo);
    attributes.int(keys.duration, Math.max(0, Math.round(endNs - startNs)));
    attributes.int(keys.interval, Math.max(0, Math.round(toNs - fromNs)));
    attributes.bool(keys.isNew, connection.toldNs === 0 && connection.beginNs > 0);
    attributes.text(keys.closeType, closeType);
    const { status, failure } = blame(closeType);
    attributes.text(keys.status, status);
    attributes.text(keys.failure, failure);
    attributes.text(keys.evidence, connection.evidence);
    attributes.int(keys.score, evidenceScores[directionEvidence.indexOf(connection.evidence)]!);
  }

  #handshake(connection: TcpConnection): void {
    const { attributes } = this;
    const { counters, role, sequence, otherSequence } = connection;
    const isClient = role === 'client';
    this.#count(keys.synSequence, isClient ? sequence : otherSequence);
    this.#count(keys.synAckSequence, isClient ? otherSequence : sequence);
    if (connection.toldNs !== 0 || connection.beginNs === 0) return;
    attributes.int(keys.syn, 1 + counters.synRetransmitted);
    this.#count(keys.synRepeats, counters.synRetransmitted);
    if (!connection.wasOpen) return;
    attributes.int(keys.synAck, 1);
    const connectNs = counters.connectUs * 1000;
    if (connectNs === 0) return;
    attributes.int(keys.rttCount, 1);
    attributes.int(keys.rttSum, connectNs);
    attributes.int(keys.rttMin, connectNs);
    attributes.int(keys.rttMax, connectNs);
    attributes.int(keys.rttScale, singleScale);
    attributes.int(keys.rttOffset, bucketOf(connectNs, singleScale));
    attributes.ints(keys.rttBuckets, oneValue);
  }

  #sides(connection: TcpConnection, isOver: boolean): void {
    const { counters, told, role } = connection;
    const own = sides[role];
    const other = sides[role === 'client' ? 'server' : 'client'];
    const resetBy = isOver ? whoReset(counters, role) : '';
    const sent = counters.bytesSent - told.bytesSent;
    const received = counters.bytesReceived - told.bytesReceived;
    // The SYN/ACK is sent before there is a socket to count it.
    const synAck = role === 'server' && connection.toldNs === 0 && connection.beginNs > 0 ? 1 : 0;
    this.#traffic(own, since(counters.segmentsOut, told.segmentsOut) + synAck, sent, counters.headerBytes);
    this.#count(own.retransmissions, since(counters.retransmitted, told.retransmitted));
    this.#count(own.rst, resetBy === role ? 1 : 0);
    this.#traffic(other, since(counters.segmentsIn, told.segmentsIn), received, counters.headerBytes);
    this.#count(other.outOfOrder, since(counters.outOfOrder, told.outOfOrder));
    this.#count(other.rst, resetBy !== '' && resetBy !== role ? 1 : 0);
  }

  #traffic(side: (typeof sides)['client'], packets: number, payloadBytes: number, headerBytes: number): void {
    this.#count(side.packets, packets);
    this.#count(side.bytes, payloadBytes + packets * (headerBytes + linkHeaderBytes));
    this.#count(side.ipBytes, payloadBytes + packets * headerBytes);
    this.#count(side.payloadBytes, payloadBytes);
  }

  #calls({ conversations }: TcpConnection): void {
    for (const [name, attribute] of callCounts) {
      let sum = 0;
      for (const conversation of conversations) sum += conversation[name];
      this.#count(attribute, sum);
    }
  }

  #kernel(connection: TcpConnection): void {
    const { attributes } = this;
    const { counters, told, role } = connection;
    attributes.text(keys.state, stateName(counters.state));
    this.#count(keys.smoothedRtt, counters.srttUs * 1000);
    this.#count(keys.rttVariance, counters.rttVarianceUs * 1000);
    this.#count(keys.minRtt, counters.minRttUs * 1000);
    this.#count(keys.window, counters.congestionWindow);
    if (counters.slowStartThreshold < noThreshold) this.#count(keys.threshold, counters.slowStartThreshold);
    this.#count(keys.segmentSize, counters.segmentBytes);
    this.#count(keys.lost, since(counters.lost, told.lost));
    this.#count(keys.retransmittedBytes, counters.bytesRetransmitted - told.bytesRetransmitted);
    this.#count(keys.connectDuration, counters.connectUs * 1000);
    attributes.text(keys.error, errorName(counters.error));
    const resetBy = whoReset(counters, role);
    attributes.text(keys.resetBy, resetBy);
    // Whoever receives a reset is not told why it was sent.
    if (resetBy === role && counters.resetReason !== 0)
      attributes.text(keys.resetReason, this.#names.resetReason(counters.resetReason));
    this.#count(keys.drops, dropsOf(counters) - dropsOf(told));
    attributes.texts(
      keys.dropReasons,
      counters.drops.map(({ reason }) => this.#names.dropReason(reason)),
    );
    attributes.ints(
      keys.dropCounts,
      counters.drops.map(({ count }) => count),
    );
  }

  /** Counts of 0 are left out. */
  #count(name: AttributeKey, value: number): void {
    if (value > 0) this.attributes.int(name, value);
  }
}

/** Counters of 32 bits go on at 0. */
function since(now: number, before: number): number {
  return (now - before) >>> 0;
}

function dropsOf({ drops }: TcpConnection['counters']): number {
  return drops.reduce((sum, { count }) => sum + count, 0);
}
