/** Writes the `deepflow.flow` log records: one flow over one interval, straight into OTLP bytes. */
import { type CloseType, directionEvidence, flowEventName } from '../../pdata/schema/flow-log.ts';
import { UnixTime } from '../calls/unix-time.ts';
import { type AttributeKey, AttributeWriter } from '../otlp/attribute-writer.ts';
import { WireBytes } from '../otlp/wire-bytes.ts';
import type { CaptureClock } from '../packet/clock.ts';
import { ipProtocols } from '../packet/packet.ts';
import { ipv4Text, macText } from './addresses.ts';
import type { Conversation } from './conversation.ts';
import type { DelayBook } from './delays.ts';
import { evidenceScores } from './direction.ts';
import { innerVlan, outerVlan } from './flow-key.ts';
import { bucketOf } from './histogram.ts';
import { peerAddress, peerPort } from './peers.ts';
import { delayKeys, flowCounts, keys, sides, transportNames } from './record-names.ts';
import {
  bitsWord,
  delayCountWord,
  delayDouble,
  delayDoubles,
  evidenceWord,
  type FlowCursor,
  flowBits,
  idHiWord,
  idLoWord,
  ipIdWord,
  lastDouble,
  macWord,
  mplsWord,
  peerDouble,
  peerDoubles,
  peerWord,
  peerWords,
  protocolWord,
  realAddressWord,
  realPortWord,
  secondVlanWord,
  startDouble,
  synAckSequenceWord,
  synSequenceWord,
  ttlWord,
  tunnelIdWord,
  vlanWord,
} from './row.ts';
import { blame } from './tcp-state.ts';

/** What a record says besides what is in the row. */
export interface RecordFacts {
  /** The interval: where it begins and ends. */
  fromNs: number;
  toNs: number;
  closeType: CloseType;
  interfaceName: string;
  observationPoint: string;
  /** Name of the tunnel; outer addresses by peer. */
  tunnel: string;
  outerAddresses: readonly [string, string] | undefined;
  /** Set when the payload is or was read. */
  conversation: Conversation | undefined;
}

const oneValue = [1];
/** Scale of the histogram of a single value. */
const singleScale = 3;

/** Makes the two halves of a LogRecord: {@link head} and {@link attributes}.out. */
export class FlowRecordWriter {
  readonly head = new WireBytes(64);
  readonly attributes = new AttributeWriter(6);
  readonly #time: UnixTime;
  readonly #delays: DelayBook;
  readonly #mac = new Uint8Array(12);

  constructor(clock: CaptureClock, delays: DelayBook) {
    this.#time = new UnixTime(clock);
    this.#delays = delays;
  }

  /** Writes the record of the flow's open interval; the caller then clears the interval. */
  write(flow: FlowCursor, facts: RecordFacts): void {
    const { attributes, head } = this;
    head.clear();
    this.#time.set(facts.toNs);
    head.byte(0x09);
    head.fixed64(this.#time.lo, this.#time.hi);
    head.byte(0x59);
    head.fixed64(this.#time.lo, this.#time.hi);
    head.byte(0x62);
    head.text(flowEventName);
    attributes.clear();
    const client = flow.words[flow.at + bitsWord]! & flowBits.reversed ? 1 : 0;
    this.#identity(flow, facts, client);
    this.#link(flow, facts, client);
    this.#life(flow, facts);
    for (const [word, name] of flowCounts) this.#count(name, flow.words[flow.at + word]!);
    this.#side(flow, client, 0);
    this.#side(flow, 1 - client, 1);
    if (facts.conversation !== undefined) this.#calls(facts.conversation);
    for (let delay = 0; delay < delayKeys.length; delay++) this.#delay(flow, delay);
  }

  #identity(flow: FlowCursor, facts: RecordFacts, client: number): void {
    const { attributes } = this;
    const { words, at } = flow;
    const protocol = words[at + protocolWord]! & 0xff;
    const isIcmp = protocol === ipProtocols.icmp || protocol === ipProtocols.icmpv6;
    attributes.text(keys.id, hex(words[at + idHiWord]!) + hex(words[at + idLoWord]!));
    attributes.text(keys.clientAddress, peerAddress(flow, client));
    this.#count(keys.clientPort, peerPort(flow, client));
    attributes.text(keys.serverAddress, peerAddress(flow, 1 - client));
    if (!isIcmp) this.#count(keys.serverPort, peerPort(flow, 1 - client));
    attributes.text(keys.transport, transportNames[protocol] ?? String(protocol));
    attributes.text(keys.networkType, words[at + bitsWord]! & flowBits.ipv6 ? 'ipv6' : 'ipv4');
    attributes.text(keys.protocol, facts.conversation?.identity.protocol ?? '');
    attributes.text(keys.interfaceName, facts.interfaceName);
    attributes.text(keys.observationPoint, facts.observationPoint);
    attributes.int(keys.point, words[at + protocolWord]! >>> 16);
  }

  #link(flow: FlowCursor, facts: RecordFacts, client: number): void {
    const { attributes } = this;
    const { words, at } = flow;
    for (let byte = 0; byte < 12; byte++) this.#mac[byte] = words[at + macWord + (byte >> 2)]! >>> (8 * (byte & 3));
    if (words[at + macWord] !== 0 || words[at + macWord + 1] !== 0 || words[at + macWord + 2] !== 0) {
      attributes.text(keys.clientMac, macText(this.#mac, 6 * client));
      attributes.text(keys.serverMac, macText(this.#mac, 6 * (1 - client)));
    }
    // Often only one direction shows its tags; the client's come first.
    const asked = words[at + (client === 0 ? vlanWord : secondVlanWord)]!;
    const tags = outerVlan(asked) === 0 ? words[at + (client === 0 ? secondVlanWord : vlanWord)]! : asked;
    this.#count(keys.vlan, outerVlan(tags));
    this.#count(keys.innerVlan, innerVlan(tags));
    this.#count(keys.mpls, words[at + mplsWord]!);
    attributes.text(keys.tunnel, facts.tunnel);
    if (facts.tunnel !== '') {
      attributes.int(keys.tunnelId, words[at + tunnelIdWord]! >>> 0);
      this.#count(keys.tunnelDepth, (words[at + ttlWord]! >>> 16) & 255);
      attributes.text(keys.tunnelClient, facts.outerAddresses?.[client as 0 | 1] ?? '');
      attributes.text(keys.tunnelServer, facts.outerAddresses?.[(1 - client) as 0 | 1] ?? '');
    }
    this.#realClient(flow, facts.conversation);
    const ttl = words[at + ttlWord]!;
    this.#count(keys.clientTtl, (ttl >> (8 * client)) & 255);
    this.#count(keys.serverTtl, (ttl >> (8 * (1 - client))) & 255);
    this.#count(keys.ipId, words[at + ipIdWord]!);
  }

  #realClient(flow: FlowCursor, conversation: Conversation | undefined): void {
    const { attributes } = this;
    const option = flow.words[flow.at + realAddressWord]!;
    const told = conversation?.identity.realClientAddress ?? '';
    const fromOption = option === 0 ? '' : ipv4Text(option);
    if (told !== '' && told !== fromOption) {
      attributes.text(keys.realAddress, told);
      this.#count(keys.realPort, conversation!.identity.realClientPort);
      attributes.text(keys.realSource, 'proxy_protocol');
    } else if (option !== 0) {
      attributes.text(keys.realAddress, fromOption);
      this.#count(keys.realPort, flow.words[flow.at + realPortWord]!);
      attributes.text(keys.realSource, 'toa');
    }
  }

  #life(flow: FlowCursor, facts: RecordFacts): void {
    const { attributes } = this;
    const { words, at } = flow;
    const start = flow.doubles[flow.half + startDouble]!;
    const last = flow.doubles[flow.half + lastDouble]!;
    this.#time.set(start);
    attributes.intWords(keys.start, this.#time.hi, this.#time.lo);
    this.#time.set(last);
    attributes.intWords(keys.end, this.#time.hi, this.#time.lo);
    attributes.int(keys.duration, Math.round(last - start));
    attributes.int(keys.interval, Math.max(0, Math.round(facts.toNs - facts.fromNs)));
    attributes.bool(keys.isNew, (words[at + bitsWord]! & flowBits.reported) === 0);
    attributes.text(keys.closeType, facts.closeType);
    const isTcp = (words[at + protocolWord]! & 0xff) === ipProtocols.tcp;
    const { status, failure } = isTcp ? blame(facts.closeType) : { status: 'ok', failure: '' };
    attributes.text(keys.status, status);
    attributes.text(keys.failure, failure);
    const evidence = words[at + evidenceWord]!;
    attributes.text(keys.evidence, directionEvidence[evidence]!);
    attributes.int(keys.score, evidenceScores[evidence]!);
    if (words[at + synSequenceWord] !== 0) attributes.int(keys.synSequence, words[at + synSequenceWord]! >>> 0);
    if (words[at + synAckSequenceWord] !== 0)
      attributes.int(keys.synAckSequence, words[at + synAckSequenceWord]! >>> 0);
  }

  #side(flow: FlowCursor, peer: number, side: 0 | 1): void {
    const { words, doubles } = sides[side]!;
    const at = flow.at + peerWord + peer * peerWords;
    const half = flow.half + peerDouble + peer * peerDoubles;
    for (const [word, name] of words) this.#count(name, flow.words[at + word]!);
    for (const [double, name] of doubles) this.#count(name, flow.doubles[half + double]!);
  }

  #calls({ identity }: Conversation): void {
    this.#count(keys.requests, identity.requests);
    this.#count(keys.responses, identity.responses);
    this.#count(keys.clientErrors, identity.clientErrors);
    this.#count(keys.serverErrors, identity.serverErrors);
    this.#count(keys.timeouts, identity.timeouts);
  }

  #delay(flow: FlowCursor, delay: number): void {
    const count = flow.words[flow.at + delayCountWord + delay]!;
    if (count === 0) return;
    const { attributes } = this;
    const names = delayKeys[delay]!;
    const at = flow.half + delayDouble + delay * delayDoubles;
    const sum = flow.doubles[at]!;
    attributes.int(names.count, count);
    attributes.int(names.sum, Math.round(sum));
    attributes.int(names.min, Math.round(flow.doubles[at + 1]!));
    attributes.int(names.max, Math.round(flow.doubles[at + 2]!));
    if (count === 1) {
      attributes.int(names.scale, singleScale);
      attributes.int(names.offset, bucketOf(sum, singleScale));
      attributes.ints(names.buckets, oneValue);
      return;
    }
    const histogram = this.#delays.histogram(flow.row, delay);
    if (histogram === undefined) return;
    attributes.int(names.scale, histogram.scale);
    attributes.int(names.offset, histogram.offset);
    attributes.ints(names.buckets, histogram.counts, histogram.length);
  }

  /** Counts of 0 are left out. */
  #count(name: AttributeKey, value: number): void {
    if (value !== 0) this.attributes.int(name, value);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
