/** All flows of one capture worker: finds the flow of a packet, counts, measures, hands on payload, and writes records. */
import { type CloseType, closeTypes, flowScopeName } from '../../pdata/schema/flow-log.ts';
import { RequestBuilder } from '../otlp/request-builder.ts';
import { ipProtocols, type Packet, tcpFlags } from '../packet/packet.ts';
import { headerAddressText } from './addresses.ts';
import type { EndReason } from './consumer.ts';
import type { Conversation } from './conversation.ts';
import { DelayBook, delayNumbers } from './delays.ts';
import { evidence, guessClient, ServerHistory } from './direction.ts';
import { FlowIndex } from './flow-index.ts';
import type { FlowTableOptions } from './options.ts';
import { type FlowNames, Payloads } from './payloads.ts';
import { FlowRecordWriter, peerPort } from './record.ts';
import {
  addressWord,
  bitsWord,
  bytesDouble,
  evidenceWord,
  FlowCursor,
  FlowRows,
  finWord,
  firstSequenceWord,
  flagsWord,
  flowBits,
  gapBytesDouble,
  hashWord,
  highestAckWord,
  idHiWord,
  idLoWord,
  ipIdWord,
  keyWords,
  lastDouble,
  lastTimeDouble,
  layer3BytesDouble,
  macWord,
  minuteWord,
  mplsWord,
  packetsWord,
  payloadBytesDouble,
  peerBits,
  peerBitsWord,
  peerDouble,
  peerDoubles,
  peerWord,
  peerWords,
  protocolWord,
  queueWord,
  realAddressWord,
  realPortWord,
  rstWord,
  secondWord,
  seenLowWord,
  startDouble,
  stateWord,
  synAckRepeatWord,
  synWord,
  totalPacketsWord,
  ttlWord,
  tunnelDepthWord,
} from './row.ts';
import { after } from './seen-ranges.ts';
import { TcpMeter } from './tcp-metrics.ts';
import { closeTypeOf, isOver, nextState, stateTimeouts, tcpStates } from './tcp-state.ts';
import { TimeoutQueues } from './timeout-queues.ts';

export interface FlowCounters {
  packets: number;
  /** Packets that are no IP. */
  ignored: number;
  opened: number;
  /** Flows that ended, by how. */
  closed: Record<CloseType, number>;
  /** Flows closed because the table was full. */
  evicted: number;
  records: number;
  /** Records that nobody drained in time. */
  recordsDropped: number;
}

const second = 1e9;
const minute = 60 * second;
const timeoutNames = ['opening', 'established', 'closing', 'closed', 'reset', 'openingReset', 'udp', 'other'] as const;
const queueOfState = tcpStates.map((state) => timeoutNames.indexOf(stateTimeouts[state]));
const udpQueue = timeoutNames.indexOf('udp');
const otherQueue = timeoutNames.indexOf('other');
/** Ticks over which the records of idle flows are spread after each minute. */
const sweepTicks = 20;

export function createFlowTable(options: FlowTableOptions): FlowTable {
  return new FlowTable(options);
}

/**
 * The flow table. Call `packet` for every decoded packet in the order of capture, `tick` now and then when no packets come, `drain`
 * for the records (an ExportLogsServiceRequest, or null), and `close` at the end. Time is the packets' own.
 */
export class FlowTable {
  readonly counters: FlowCounters = {
    packets: 0,
    ignored: 0,
    opened: 0,
    closed: Object.fromEntries(closeTypes.map((type) => [type, 0])) as Record<CloseType, number>,
    evicted: 0,
    records: 0,
    recordsDropped: 0,
  };
  readonly payloads: Payloads;
  readonly servers = new ServerHistory();

  readonly #options: FlowTableOptions;
  readonly #rows = new FlowRows();
  readonly #index: FlowIndex;
  readonly #queues: TimeoutQueues;
  readonly #delays = new DelayBook();
  readonly #meter = new TcpMeter(this.#delays);
  readonly #writer: FlowRecordWriter;
  readonly #records: RequestBuilder;
  /** Outer addresses of tunnelled flows by row, by peer. */
  readonly #outer = new Map<number, readonly [string, string]>();

  readonly #key = new Int32Array(keyWords);
  /** The flow of the current packet; the one that expires or is swept; the one that is turned. */
  readonly #flow = new FlowCursor();
  readonly #aside = new FlowCursor();
  readonly #turned = new FlowCursor();

  #nowNs = Number.NEGATIVE_INFINITY;
  #nextTickNs = Number.NEGATIVE_INFINITY;
  #second = 0;
  #minute = 0;
  /** How far the epoch is into its minute. */
  readonly #intoMinuteNs: number;
  #sweepRow = 0;
  #closing = false;
  #idHi: number;
  #idLo = 0;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#index = new FlowIndex(this.#rows, options.seed);
    this.#queues = new TimeoutQueues(
      this.#rows,
      timeoutNames.map((name) => options.timeoutsNs[name]),
    );
    this.#writer = new FlowRecordWriter(options.clock, this.#delays);
    this.#records = new RequestBuilder(flowScopeName, options.scopeVersion);
    this.payloads = new Payloads({
      connect: options.connect,
      limits: options.reassembly,
      budgetBytes: options.reassemblyBudgetBytes,
      names: (flow) => this.#names(flow),
      turn: (row) => this.#turn(row),
    });
    this.#intoMinuteNs = Number(options.clock.epochUnixNs % BigInt(minute));
    this.#idHi = options.seed >>> 0;
  }

  /** Flows that are open. */
  get size(): number {
    return this.#index.count;
  }

  /** Bytes of rows, and of segments that wait. */
  get sizeBytes(): number {
    return this.#rows.sizeBytes + this.payloads.budget.bytes;
  }

  /** Bytes of records that {@link drain} will give. */
  get pendingBytes(): number {
    return this.#records.sizeBytes;
  }

  packet(packet: Packet): void {
    this.counters.packets++;
    if (packet.ipVersion === 0) {
      this.counters.ignored++;
      return;
    }
    if (packet.timeNs >= this.#nextTickNs) this.tick(packet.timeNs);
    const flow = this.#flow;
    const peer = this.#fillKey(packet);
    const hash = this.#index.hash(this.#key, packet.ipVersion === 6);
    const isTcp = packet.ipProtocol === ipProtocols.tcp;
    if (!this.#index.find(this.#key, hash, flow)) {
      this.#open(packet, hash, peer, isTcp);
    } else if (isTcp && packet.flags & tcpFlags.syn && this.#isAnother(flow, packet, peer)) {
      this.#end(flow, 'replaced', this.#closeType(flow, 'client_source_port_reuse'));
      this.#open(packet, hash, peer, isTcp);
    } else if (flow.words[flow.at + minuteWord] !== this.#minute) {
      this.#report(flow);
    }
    this.#count(flow, packet, peer);
    if (isTcp) this.#tcp(flow, packet, peer);
    else this.#message(flow, packet, peer);
  }

  /** Expires flows, gives up holes and writes records of idle flows, as far as `nowNs` asks for it. */
  tick(nowNs: number): void {
    if (nowNs < this.#nextTickNs) return;
    this.#nowNs = nowNs;
    this.#second = Math.floor(nowNs / second);
    this.#nextTickNs = (this.#second + 1) * second;
    const current = Math.floor((nowNs + this.#intoMinuteNs) / minute);
    if (current !== this.#minute) {
      this.#minute = current;
      this.#sweepRow = 0;
    }
    this.payloads.tick(nowNs);
    for (let row = this.#queues.expired(nowNs); row >= 0 && !this.#isFull(0.5); row = this.#queues.expired(nowNs)) {
      this.#rows.move(this.#aside, row);
      this.#end(this.#aside, 'timeout', this.#closeType(this.#aside, 'timeout'));
    }
    this.#sweep();
  }

  /**
   * Ends all flows: the capture is over. Those whose connection had not ended are `forced`. `onFull` is called to drain whenever
   * many records wait; without it, they all wait until the end.
   */
  close(onFull?: () => void): void {
    this.#closing = true;
    for (let row = this.#queues.oldest(); row >= 0; row = this.#queues.oldest()) {
      this.#rows.move(this.#aside, row);
      this.#end(this.#aside, 'capture_end', this.#closeType(this.#aside, 'forced'));
      if (this.#isFull(0.5)) onFull?.();
    }
    this.#closing = false;
  }

  /** The records since the last call as one ExportLogsServiceRequest; null when there are none. */
  drain(): Uint8Array | null {
    return this.#records.take();
  }

  /** Fills the key and says which peer the sender is. */
  #fillKey(packet: Packet): number {
    const key = this.#key;
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
    key[11] = packet.vlan | (packet.innerVlan << 16);
    return sourceFirst ? 0 : 1;
  }

  #open(packet: Packet, hash: number, peer: number, isTcp: boolean): void {
    if (this.#index.count >= this.#options.maxFlows) this.#evict();
    const flow = this.#flow;
    this.#rows.take(flow);
    const { words, at } = flow;
    for (let word = 0; word < keyWords; word++) words[at + word] = this.#key[word]!;
    words[at + hashWord] = hash;
    words[at + secondWord] = this.#second;
    words[at + minuteWord] = this.#minute;
    words[at + ipIdWord] = packet.ipId;
    words[at + mplsWord] = packet.mplsLabel;
    words[at + tunnelDepthWord] = packet.tunnelDepth;
    words[at + idHiWord] = this.#idHi;
    words[at + idLoWord] = this.#idLo;
    this.#idLo = (this.#idLo + 1) >>> 0;
    if (this.#idLo === 0) this.#idHi = (this.#idHi + 1) >>> 0;
    if (packet.ipVersion === 6) words[at + bitsWord] = flowBits.ipv6;
    flow.doubles[flow.half + startDouble] = packet.timeNs;
    flow.doubles[flow.half + lastDouble] = packet.timeNs;
    flow.doubles[flow.half + peerDouble + lastTimeDouble] = Number.NEGATIVE_INFINITY;
    flow.doubles[flow.half + peerDouble + peerDoubles + lastTimeDouble] = Number.NEGATIVE_INFINITY;
    copyMacs(flow, packet, peer);
    if (packet.tunnel !== 0) {
      const source = headerAddressText(packet.bytes, packet.outerIpStart, 0);
      const destination = headerAddressText(packet.bytes, packet.outerIpStart, 1);
      this.#outer.set(flow.row, peer === 0 ? [source, destination] : [destination, source]);
      words[at + bitsWord]! |= flowBits.tunnelled;
    }
    if (!isTcp || (packet.flags & tcpFlags.syn) === 0) {
      guessClient(flow, peer, packet.ipProtocol, this.#options.listeningPorts, this.servers);
    }
    this.#index.add(flow.row, hash);
    const isUdp = packet.ipProtocol === ipProtocols.udp;
    this.#queues.add(flow, isTcp ? queueOfState[0]! : isUdp ? udpQueue : otherQueue);
    this.counters.opened++;
  }

  /** Says that this peer is the client, as a SYN or SYN/ACK tells. */
  #settleClient(flow: FlowCursor, client: number, why: number): void {
    const { words, at } = flow;
    if (words[at + evidenceWord]! >= why) return;
    // Who reads the payload already reads it with the roles as guessed.
    if (this.payloads.get(flow.row) !== undefined) return;
    words[at + evidenceWord] = why;
    if ((words[at + bitsWord]! & flowBits.reversed ? 1 : 0) !== client) words[at + bitsWord]! ^= flowBits.reversed;
  }

  /** A SYN on a flow that it cannot belong to: the same addresses and ports are used again. */
  #isAnother(flow: FlowCursor, packet: Packet, peer: number): boolean {
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

  #count(flow: FlowCursor, packet: Packet, peer: number): void {
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

  #tcp(flow: FlowCursor, packet: Packet, peer: number): void {
    const { words } = flow;
    const { flags } = packet;
    const mine = flow.at + peerWord + peer * peerWords;
    words[mine + flagsWord]! |= flags;
    if (packet.realClientAddress !== 0) {
      words[flow.at + realAddressWord] = packet.realClientAddress;
      words[flow.at + realPortWord] = packet.realClientPort;
    }
    if (flags & (tcpFlags.fin | tcpFlags.rst | tcpFlags.syn)) this.#mark(flow, packet, peer, mine);
    if (flags & tcpFlags.ack) {
      if ((words[mine + peerBitsWord]! & peerBits.acked) === 0) {
        words[mine + peerBitsWord]! |= peerBits.acked;
        words[mine + highestAckWord] = packet.ack;
      } else if (after(packet.ack, words[mine + highestAckWord]!) > 0) {
        words[mine + highestAckWord] = packet.ack;
      }
    }
    const isClient = peer === (words[flow.at + bitsWord]! & flowBits.reversed ? 1 : 0);
    const state = nextState[(words[flow.at + stateWord]! << 7) | (isClient ? 0 : 64) | (flags & 63)]!;
    words[flow.at + stateWord] = state;
    const queue = queueOfState[state]!;
    if (words[flow.at + secondWord] !== this.#second || words[flow.at + queueWord] !== queue) {
      words[flow.at + secondWord] = this.#second;
      this.#queues.touch(flow, queue);
    }
    this.#meter.measure(flow, packet, peer, isClient);
    if ((words[flow.at + bitsWord]! & flowBits.unwanted) === 0) {
      this.payloads.tcp(flow, packet, peer);
    }
  }

  /** Flags that come once or so in a connection. */
  #mark(flow: FlowCursor, packet: Packet, peer: number, mine: number): void {
    const { words } = flow;
    const { flags } = packet;
    if (flags & tcpFlags.fin) {
      words[mine + finWord]!++;
      words[mine + peerBitsWord]! |= peerBits.fin;
    }
    if (flags & tcpFlags.rst) {
      words[mine + rstWord]!++;
      words[mine + peerBitsWord]! |= peerBits.reset;
    }
    if ((flags & tcpFlags.syn) === 0 || flags & tcpFlags.rst) return;
    if (flags & tcpFlags.ack) {
      this.#settleClient(flow, 1 - peer, evidence.synAck);
      this.servers.add(words, flow.at + addressWord + 4 * peer, peerPort(flow, peer), ipProtocols.tcp);
    } else {
      this.#settleClient(flow, peer, evidence.syn);
    }
  }

  /** UDP, ICMP and everything else that has no connection. */
  #message(flow: FlowCursor, packet: Packet, peer: number): void {
    const { words, doubles } = flow;
    if (words[flow.at + secondWord] !== this.#second) {
      words[flow.at + secondWord] = this.#second;
      this.#queues.touch(flow, words[flow.at + queueWord]!);
    }
    const isUdp = packet.ipProtocol === ipProtocols.udp;
    const client = words[flow.at + bitsWord]! & flowBits.reversed ? 1 : 0;
    if (isUdp) {
      if (peer === client) {
        words[flow.at + bitsWord]! |= flowBits.awaitsAnswer;
      } else if (words[flow.at + bitsWord]! & flowBits.awaitsAnswer) {
        words[flow.at + bitsWord]! &= ~flowBits.awaitsAnswer;
        const asked = doubles[flow.half + peerDouble + client * peerDoubles + lastTimeDouble]!;
        this.#delays.add(flow, delayNumbers.art, packet.timeNs - asked);
      }
    }
    doubles[flow.half + peerDouble + peer * peerDoubles + lastTimeDouble] = packet.timeNs;
    if (words[flow.at + bitsWord]! & flowBits.unwanted) return;
    if (isUdp) {
      const { payloadStart, payloadLength, payloadWireLength } = packet;
      if (payloadWireLength > 0) {
        this.payloads.datagram(flow, packet, peer, payloadStart, payloadStart + payloadLength, payloadWireLength);
      }
    } else if (isEcho(packet)) {
      const header = packet.layer4Length - packet.payloadWireLength;
      const start = packet.payloadStart - header;
      this.payloads.datagram(
        flow,
        packet,
        peer,
        start,
        packet.payloadStart + packet.payloadLength,
        packet.layer4Length,
      );
    }
  }

  /** The reader of the payload found that the roles are the other way round. */
  #turn(row: number): void {
    const flow = this.#turned;
    this.#rows.move(flow, row);
    flow.words[flow.at + bitsWord]! ^= flowBits.reversed;
    flow.words[flow.at + evidenceWord] = evidence.payload;
    // They were measured for the wrong side.
    for (const delay of [delayNumbers.srt, delayNumbers.art, delayNumbers.cit]) this.#delays.reset(flow, delay);
    const conversation = this.payloads.get(row);
    if (conversation !== undefined) conversation.client = 1 - conversation.client;
  }

  #evict(): void {
    const row = this.#queues.oldest();
    this.#rows.move(this.#aside, row);
    this.counters.evicted++;
    this.#end(this.#aside, 'evicted', 'forced');
  }

  /** How a flow has ended whose state does not tell: as `open` says, or for an established connection `timeout`. */
  #closeType(flow: FlowCursor, open: CloseType): CloseType {
    const { words, at } = flow;
    const state = words[at + stateWord]!;
    const isTcp = (words[at + protocolWord]! & 0xff) === ipProtocols.tcp;
    if (!isTcp || (open !== 'timeout' && !isOver(state))) return open;
    const client = words[at + bitsWord]! & flowBits.reversed ? 1 : 0;
    const serverAt = at + peerWord + (1 - client) * peerWords;
    return closeTypeOf(state, {
      clientReset: (words[at + peerWord + client * peerWords + peerBitsWord]! & peerBits.reset) !== 0,
      finSeen:
        ((words[at + peerWord + peerBitsWord]! | words[at + peerWord + peerWords + peerBitsWord]!) & peerBits.fin) !==
        0,
      serverPackets: words[serverAt + totalPacketsWord]!,
      answered: this.payloads.get(flow.row)?.identity.answered ?? false,
    });
  }

  /** The flow at the cursor is over: closes its payload, writes its last record, frees its row. */
  #end(flow: FlowCursor, reason: EndReason, type: CloseType): void {
    const lastNs = flow.doubles[flow.half + lastDouble]!;
    this.payloads.close(flow, reason === 'timeout' ? this.#nowNs : lastNs, reason);
    this.#record(flow, type, lastNs);
    this.counters.closed[type]++;
    this.payloads.drop(flow);
    this.#meter.drop(flow);
    this.#delays.drop(flow.row);
    if (flow.words[flow.at + bitsWord]! & flowBits.tunnelled) this.#outer.delete(flow.row);
    this.#queues.remove(flow);
    this.#index.remove(flow);
    this.#rows.release(flow);
  }

  /** Writes the record of the minute that the flow was last seen in, unless nothing happened in it; a new interval begins. */
  #report(flow: FlowCursor): void {
    const { words, at } = flow;
    const end = (words[at + minuteWord]! + 1) * minute - this.#intoMinuteNs;
    if (hasPackets(flow)) this.#record(flow, 'periodic', end);
    words[at + minuteWord] = this.#minute;
  }

  /** Goes on with the walk over all rows that reports flows which have been silent since the minute turned. */
  #sweep(): void {
    const { extent } = this.#rows;
    const until = Math.min(extent, this.#sweepRow + Math.max(1024, Math.ceil(extent / sweepTicks)));
    const flow = this.#aside;
    for (; this.#sweepRow < until && !this.#isFull(0.5); this.#sweepRow++) {
      this.#rows.move(flow, this.#sweepRow);
      if (flow.words[flow.at + queueWord]! < 0 || flow.words[flow.at + minuteWord] === this.#minute) continue;
      this.#report(flow);
    }
  }

  #record(flow: FlowCursor, closeType: CloseType, toNs: number): void {
    const { words, doubles, at } = flow;
    const conversation = this.payloads.get(flow.row);
    if (conversation !== undefined) {
      for (const peer of [0, 1] as const) {
        doubles[flow.half + peerDouble + peer * peerDoubles + gapBytesDouble] = conversation.takeGap(peer);
      }
    }
    if (this.#isFull(1) && !this.#closing) this.counters.recordsDropped++;
    else this.#write(flow, closeType, toNs, conversation);
    words[at + bitsWord]! |= flowBits.reported;
    this.#delays.resetAll(flow);
    clearInterval(flow);
    conversation?.identity.clearCalls();
  }

  #write(flow: FlowCursor, closeType: CloseType, toNs: number, conversation: Conversation | undefined): void {
    const minuteStart = flow.words[flow.at + minuteWord]! * minute - this.#intoMinuteNs;
    const names = this.#names(flow);
    this.#writer.write(flow, {
      fromNs: Math.max(minuteStart, flow.doubles[flow.half + startDouble]!),
      toNs,
      closeType,
      interfaceName: names.interfaceName,
      observationPoint: names.observationPoint,
      tunnel: names.tunnel,
      outerAddresses: this.#outer.get(flow.row),
      conversation,
    });
    this.#records.add('', this.#options.resource, this.#writer.head, this.#writer.attributes.out);
    this.counters.records++;
  }

  /** More than this share of what may wait to be drained does. */
  #isFull(share: number): boolean {
    return this.#records.sizeBytes > share * this.#options.maxPendingBytes;
  }

  #names(flow: FlowCursor): FlowNames {
    const word = flow.words[flow.at + protocolWord]!;
    const point = this.#options.points[word >>> 16];
    const tunnel = (word >>> 8) & 0xff;
    return {
      interfaceName: point?.interfaceName ?? '',
      observationPoint: point?.observationPoint ?? '',
      tunnel: tunnel === 0 ? '' : this.#options.tunnelName(tunnel),
    };
  }
}

/** Of two ends whose last address words are equal. */
function sourceIsFirst(packet: Packet): boolean {
  if (packet.source2 !== packet.destination2) return packet.source2 < packet.destination2;
  if (packet.source1 !== packet.destination1) return packet.source1 < packet.destination1;
  if (packet.source0 !== packet.destination0) return packet.source0 < packet.destination0;
  return packet.sourcePort <= packet.destinationPort;
}

/** ICMP and ICMPv6 echo request and reply (RFC 792, RFC 4443 §4). */
function isEcho(packet: Packet): boolean {
  if (packet.ipProtocol === ipProtocols.icmp) return packet.icmpType === 0 || packet.icmpType === 8;
  return packet.ipProtocol === ipProtocols.icmpv6 && (packet.icmpType === 128 || packet.icmpType === 129);
}

function hasPackets({ words, at }: FlowCursor): boolean {
  return words[at + peerWord + packetsWord] !== 0 || words[at + peerWord + peerWords + packetsWord] !== 0;
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

/** Counts of the interval begin again; what is known of the flow stays. */
function clearInterval({ words, doubles, at, half }: FlowCursor): void {
  words.fill(0, at + synWord, at + synAckRepeatWord + 1);
  for (let peer = 0; peer < 2; peer++) {
    const from = at + peerWord + peer * peerWords;
    words.fill(0, from + packetsWord, from + flagsWord + 1);
    const first = half + peerDouble + peer * peerDoubles;
    doubles.fill(0, first + bytesDouble, first + gapBytesDouble + 1);
  }
}
