/** All flows of one capture worker: finds the flow of a packet, counts, measures, hands on payload, and writes records. */
import { type CloseType, closeTypes } from '../../pdata/schema/flow-log.ts';
import { ipProtocols, type Packet, tcpFlags } from '../packet/packet.ts';
import { headerAddressText } from './addresses.ts';
import { closeTypeAt, isAnotherConnection } from './connection-ends.ts';
import type { EndReason } from './consumer.ts';
import { DelayBook, delayNumbers } from './delays.ts';
import { evidence, guessClient, ServerHistory } from './direction.ts';
import { takeFirstPacket } from './first-packet.ts';
import { FlowIndex } from './flow-index.ts';
import { fillKey, vlanOf } from './flow-key.ts';
import { FlowReports } from './flow-reports.ts';
import type { FlowTableOptions } from './options.ts';
import { countPacket, countTcp } from './packet-counts.ts';
import { Payloads } from './payloads.ts';
import { peerPort } from './peers.ts';
import {
  addressWord,
  bitsWord,
  evidenceWord,
  FlowCursor,
  FlowRows,
  flowBits,
  hashWord,
  idHiWord,
  idLoWord,
  keyWords,
  lastDouble,
  lastTimeDouble,
  minuteWord,
  peerDouble,
  peerDoubles,
  peerWord,
  peerWords,
  queueWord,
  secondVlanWord,
  secondWord,
  stateWord,
  vlanWord,
} from './row.ts';
import { TcpMeter } from './tcp-metrics.ts';
import { nextState, stateTimeouts, tcpStates } from './tcp-state.ts';
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
}

const second = 1e9;
const timeoutNames = ['opening', 'established', 'closing', 'closed', 'reset', 'openingReset', 'udp', 'other'] as const;
const queueOfState = tcpStates.map((state) => timeoutNames.indexOf(stateTimeouts[state]));
const udpQueue = timeoutNames.indexOf('udp');
const otherQueue = timeoutNames.indexOf('other');
/** Ticks over which the records of idle flows are spread after each minute. */
const sweepTicks = 20;

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
  };
  readonly payloads: Payloads;
  readonly servers = new ServerHistory();

  readonly #options: FlowTableOptions;
  readonly #rows = new FlowRows();
  readonly #index: FlowIndex;
  readonly #queues: TimeoutQueues;
  readonly #delays = new DelayBook();
  readonly #meter = new TcpMeter(this.#delays);
  readonly #reports: FlowReports;

  readonly #key = new Int32Array(keyWords);
  /** The flow of the current packet; the one that expires or is swept; the one that is turned. */
  readonly #flow = new FlowCursor();
  readonly #aside = new FlowCursor();
  readonly #turned = new FlowCursor();

  #nowNs = Number.NEGATIVE_INFINITY;
  #nextTickNs = Number.NEGATIVE_INFINITY;
  #second = 0;
  #minute = 0;
  #sweepRow = 0;
  #idHi: number;
  #idLo = 0;

  constructor(options: FlowTableOptions) {
    this.#options = options;
    this.#index = new FlowIndex(this.#rows, options.seed);
    this.#queues = new TimeoutQueues(
      this.#rows,
      timeoutNames.map((name) => options.timeoutsNs[name]),
    );
    this.#reports = new FlowReports(options, this.#delays);
    this.payloads = new Payloads({
      connect: options.connect,
      limits: options.reassembly,
      maxConversations: options.maxConversations,
      budgetBytes: options.reassemblyBudgetBytes,
      names: (flow) => this.#reports.names(flow),
      turn: (row) => this.#turn(row),
    });
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
    return this.#reports.pendingBytes;
  }

  /** Records made so far, and those that nobody drained in time. */
  get records(): { made: number; dropped: number } {
    return { made: this.#reports.records, dropped: this.#reports.dropped };
  }

  packet(packet: Packet): void {
    this.counters.packets++;
    if (packet.ipVersion === 0) {
      this.counters.ignored++;
      return;
    }
    if (packet.timeNs >= this.#nextTickNs) this.tick(packet.timeNs);
    const flow = this.#flow;
    const peer = fillKey(this.#key, packet);
    const hash = this.#index.hash(this.#key, packet.ipVersion === 6);
    const isTcp = packet.ipProtocol === ipProtocols.tcp;
    if (!this.#index.find(this.#key, hash, peer, vlanOf(packet), flow)) {
      this.#open(packet, hash, peer, isTcp);
    } else if (isTcp && packet.flags & tcpFlags.syn && isAnotherConnection(flow, packet, peer)) {
      this.#end(flow, 'replaced', this.#closeType(flow, 'client_source_port_reuse'));
      this.#open(packet, hash, peer, isTcp);
    } else if (flow.words[flow.at + minuteWord] !== this.#minute) {
      this.#reports.periodic(flow, this.payloads.get(flow.row), this.#minute);
    }
    countPacket(flow, packet, peer);
    if (isTcp) this.#tcp(flow, packet, peer);
    else this.#message(flow, packet, peer);
  }

  /** Expires flows, gives up holes and writes records of idle flows, as far as `nowNs` asks for it. */
  tick(nowNs: number): void {
    if (nowNs < this.#nextTickNs) return;
    this.#nowNs = nowNs;
    this.#second = Math.floor(nowNs / second);
    this.#nextTickNs = (this.#second + 1) * second;
    const current = this.#reports.minuteOf(nowNs);
    if (current !== this.#minute) {
      this.#minute = current;
      this.#sweepRow = 0;
    }
    this.payloads.tick(nowNs);
    for (
      let row = this.#queues.expired(nowNs);
      row >= 0 && !this.#reports.isFull(0.5);
      row = this.#queues.expired(nowNs)
    ) {
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
    this.#reports.closing = true;
    for (let row = this.#queues.oldest(); row >= 0; row = this.#queues.oldest()) {
      this.#rows.move(this.#aside, row);
      this.#end(this.#aside, 'capture_end', this.#closeType(this.#aside, 'forced'));
      if (this.#reports.isFull(0.5)) onFull?.();
    }
    this.#reports.closing = false;
  }

  /** The records since the last call as one ExportLogsServiceRequest; null when there are none. */
  drain(): Uint8Array | null {
    return this.#reports.take();
  }

  #open(packet: Packet, hash: number, peer: number, isTcp: boolean): void {
    if (this.#index.count >= this.#options.maxFlows) this.#evict();
    const flow = this.#flow;
    this.#rows.take(flow);
    const { words, at } = flow;
    for (let word = 0; word < keyWords; word++) words[at + word] = this.#key[word]!;
    words[at + (peer === 0 ? vlanWord : secondVlanWord)] = vlanOf(packet);
    words[at + hashWord] = hash;
    words[at + secondWord] = this.#second;
    words[at + minuteWord] = this.#minute;
    words[at + idHiWord] = this.#idHi;
    words[at + idLoWord] = this.#idLo;
    this.#idLo = (this.#idLo + 1) >>> 0;
    if (this.#idLo === 0) this.#idHi = (this.#idHi + 1) >>> 0;
    takeFirstPacket(flow, packet, peer);
    if (packet.tunnel !== 0) {
      const source = headerAddressText(packet.bytes, packet.outerIpStart, 0);
      const destination = headerAddressText(packet.bytes, packet.outerIpStart, 1);
      this.#reports.tunnel(flow, peer === 0 ? [source, destination] : [destination, source]);
    }
    if (!isTcp || (packet.flags & tcpFlags.syn) === 0) {
      guessClient(flow, peer, packet.ipProtocol, this.#options, this.servers);
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

  #tcp(flow: FlowCursor, packet: Packet, peer: number): void {
    const { words } = flow;
    const { flags } = packet;
    const mine = flow.at + peerWord + peer * peerWords;
    countTcp(flow, packet, mine);
    if (flags & tcpFlags.syn && (flags & tcpFlags.rst) === 0) this.#syn(flow, packet, peer);
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

  /** SYN and SYN/ACK tell who is the client, and the latter where a server listens. */
  #syn(flow: FlowCursor, packet: Packet, peer: number): void {
    if (packet.flags & tcpFlags.ack) {
      this.#settleClient(flow, 1 - peer, evidence.synAck);
      this.servers.add(flow.words, flow.at + addressWord + 4 * peer, peerPort(flow, peer), ipProtocols.tcp);
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
    if ((words[flow.at + bitsWord]! & flowBits.unwanted) === 0) this.payloads.message(flow, packet, peer);
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
    if (row < 0) return;
    this.#rows.move(this.#aside, row);
    this.counters.evicted++;
    this.#end(this.#aside, 'evicted', 'forced');
  }

  #closeType(flow: FlowCursor, open: CloseType): CloseType {
    return closeTypeAt(flow, open, this.payloads.get(flow.row)?.identity.answered ?? false);
  }

  /** The flow at the cursor is over: closes its payload, writes its last record, frees its row. */
  #end(flow: FlowCursor, reason: EndReason, type: CloseType): void {
    const lastNs = flow.doubles[flow.half + lastDouble]!;
    this.payloads.close(flow, reason === 'timeout' ? this.#nowNs : lastNs, reason);
    this.#reports.record(flow, this.payloads.get(flow.row), type, lastNs);
    this.counters.closed[type]++;
    this.payloads.drop(flow);
    this.#meter.drop(flow);
    this.#delays.drop(flow.row);
    this.#reports.drop(flow);
    this.#queues.remove(flow);
    this.#index.remove(flow);
    this.#rows.release(flow);
  }

  /** Goes on with the walk over all rows that reports flows which have been silent since the minute turned. */
  #sweep(): void {
    const { extent } = this.#rows;
    const until = Math.min(extent, this.#sweepRow + Math.max(1024, Math.ceil(extent / sweepTicks)));
    const flow = this.#aside;
    for (; this.#sweepRow < until && !this.#reports.isFull(0.5); this.#sweepRow++) {
      this.#rows.move(flow, this.#sweepRow);
      if (flow.words[flow.at + queueWord]! < 0 || flow.words[flow.at + minuteWord] === this.#minute) continue;
      this.#reports.periodic(flow, this.payloads.get(flow.row), this.#minute);
    }
  }
}
