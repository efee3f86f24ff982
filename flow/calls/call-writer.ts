/** Writes each finished call as an OTLP span: what the protocol says of it, and what every call has. */
import { type FlowIdentity, flowIdText } from '../identity.ts';
import type { Message } from '../l7/message.ts';
import type { Protocol } from '../l7/protocol.ts';
import type { Outcome, Session } from '../l7/session.ts';
import { AttributeWriter, attributeKey } from '../otlp/attribute-writer.ts';
import { RequestBuilder } from '../otlp/request-builder.ts';
import { serviceResource } from '../otlp/resource.ts';
import { SpanWriter } from '../otlp/span-writer.ts';
import { WireBytes } from '../otlp/wire-bytes.ts';
import type { CaptureClock } from '../packet/clock.ts';
import { spanIdWords, traceIdWords } from '../trace-context/ids.ts';
import { IdHash } from './span-ids.ts';
import { UnixTime } from './unix-time.ts';

const keys = {
  clientAddress: attributeKey('client.address'),
  clientPort: attributeKey('client.port'),
  serverAddress: attributeKey('server.address'),
  serverPort: attributeKey('server.port'),
  peerAddress: attributeKey('network.peer.address'),
  peerPort: attributeKey('network.peer.port'),
  localAddress: attributeKey('network.local.address'),
  localPort: attributeKey('network.local.port'),
  transport: attributeKey('network.transport'),
  protocolName: attributeKey('network.protocol.name'),
  protocolVersion: attributeKey('network.protocol.version'),
  interfaceName: attributeKey('network.interface.name'),
  flowId: attributeKey('deepflow.flow.id'),
  observationPoint: attributeKey('deepflow.observation_point'),
  tunnel: attributeKey('deepflow.tunnel.type'),
  protocol: attributeKey('deepflow.protocol'),
  outcome: attributeKey('deepflow.call.outcome'),
  requestSeq: attributeKey('deepflow.request.tcp_seq'),
  responseSeq: attributeKey('deepflow.response.tcp_seq'),
  requestSize: attributeKey('deepflow.request.size'),
  responseSize: attributeKey('deepflow.response.size'),
  firstByte: attributeKey('deepflow.response.first_byte_delay'),
  incomplete: attributeKey('deepflow.incomplete'),
  requestId: attributeKey('deepflow.request.id'),
  xRequestId: attributeKey('deepflow.x_request_id'),
  contextFormat: attributeKey('deepflow.trace_context.format'),
  contextTraceId: attributeKey('deepflow.trace_context.trace_id'),
  contextSpanId: attributeKey('deepflow.trace_context.span_id'),
};

/** Points of observation at the client's side: there the span is the client's. */
const clientSide = new Set(['c', 'c-nd', 'c-hv', 'c-gw', 'c-gw-hv', 'c-p', 'c-app']);

/** What is the same for all calls of a session, made with its first. */
interface SessionFacts {
  clientAddress: string;
  clientPort: number;
  atServer: boolean;
  service: string;
  shared: SharedAttributes;
  /** Hash of the two ends, and one word for the place where they were seen. */
  hash: IdHash;
  place: number;
  /** Sequence number of the last call, and how many calls began there. */
  lastSeq: number;
  repeats: number;
}

/** Attributes that a session's calls have in common, encoded: of its ends, flow and place, and what its calls seldom change. */
interface SharedAttributes {
  label: string;
  serverName: string;
  serverPort: number;
  protocolName: string;
  protocolVersion: string;
  encoded: Uint8Array;
}

const nothingShared: SharedAttributes = {
  label: '',
  serverName: '',
  serverPort: -1,
  protocolName: '',
  protocolVersion: '',
  encoded: new Uint8Array(0),
};

const outcomes: Record<Outcome, Uint8Array> = {
  answered: encodeOutcome('answered'),
  one_way: encodeOutcome('one_way'),
  timeout: encodeOutcome('timeout'),
  unanswered: encodeOutcome('unanswered'),
  unmatched_response: encodeOutcome('unmatched_response'),
};

function encodeOutcome(outcome: Outcome): Uint8Array {
  const attributes = new AttributeWriter(9);
  attributes.text(keys.outcome, outcome);
  return attributes.out.take();
}

const statusError = 2;

export interface CallWriterOptions {
  clock: CaptureClock;
  version: string;
  hostName: string;
}

export class CallWriter {
  calls = 0;
  readonly #request: RequestBuilder;
  readonly #hostName: string;
  readonly #span = new SpanWriter();
  readonly #head = new WireBytes(512);
  readonly #time: UnixTime;
  readonly #hash = new IdHash();

  constructor({ clock, version, hostName }: CallWriterOptions) {
    this.#request = new RequestBuilder('otelcol-deepflow/flow', version);
    this.#hostName = hostName;
    this.#time = new UnixTime(clock);
  }

  get pendingBytes(): number {
    return this.#request.sizeBytes;
  }

  /** Adds the span of one call. At least one of the two messages is there. */
  write(
    protocol: Protocol,
    session: Session,
    request: Message | null,
    response: Message | null,
    outcome: Outcome,
  ): void {
    const facts = this.#sessionFacts(session);
    const first = (request ?? response)!;
    const last = (response ?? request)!;
    const span = this.#span;
    span.reset(facts.atServer);
    protocol.describe(span, request, response);
    // The flow's record names its protocol as its spans do.
    session.identity.protocol = span.protocolName === '' ? protocol.name : span.protocolName;
    if (outcome === 'timeout') span.fail('timeout', 'no answer was seen in time');
    this.#writeCommon(session, request, response, outcome);
    const label = request?.label || response?.label || protocol.label;
    if (!isSame(facts.shared, span, label)) facts.shared = encodeShared(session.identity, span, label);
    span.attributes.out.raw(facts.shared.encoded);

    const head = this.#head;
    head.clear();
    this.#writeIds(facts, first, request);
    head.byte(0x2a);
    head.text(span.name === '' ? first.label || protocol.label : span.name);
    head.byte(0x30);
    head.byte(span.kind);
    this.#writeTime(0x39, first.startNs);
    this.#writeTime(0x41, Math.max(first.startNs, last.endNs));
    if (span.failed) this.#writeStatus(span.statusMessage);
    this.calls++;
    this.#request.add(facts.service, () => serviceResource(facts.service, this.#hostName), head, span.attributes.out);
  }

  /** The calls since the last time as one ExportTraceServiceRequest message; null when there were none. */
  take(): Uint8Array | null {
    return this.#request.take();
  }

  #writeCommon(session: Session, request: Message | null, response: Message | null, outcome: Outcome): void {
    const span = this.#span;
    const { identity } = session;
    span.attributes.out.raw(outcomes[outcome]);
    const tcp = identity.transport === 'tcp';
    if (request !== null) {
      if (tcp) span.int(keys.requestSeq, request.seq);
      span.int(keys.requestSize, request.sizeBytes);
      if (request.id !== '') span.text(keys.requestId, String(request.id));
      span.text(keys.xRequestId, request.requestId);
    }
    if (response !== null) {
      if (tcp) span.int(keys.responseSeq, response.seq);
      span.int(keys.responseSize, response.sizeBytes);
      if (request !== null) span.int(keys.firstByte, Math.max(0, Math.round(response.timeNs - request.startNs)));
      if (request === null || request.requestId === '') span.text(keys.xRequestId, response.requestId);
    }
    if (request?.complete === false || response?.complete === false) span.bool(keys.incomplete, true);
    const trace = request?.trace ?? response?.trace ?? null;
    if (trace !== null && trace.format !== 'traceparent') {
      span.text(keys.contextFormat, trace.format);
      span.text(keys.contextTraceId, trace.traceId);
      span.text(keys.contextSpanId, trace.spanId);
    }
  }

  /** trace_id 1, span_id 2, trace_state 3, parent_span_id 4. */
  #writeIds(facts: SessionFacts, first: Message, request: Message | null): void {
    const head = this.#head;
    const hash = this.#hash;
    facts.repeats = first.seq === facts.lastSeq ? facts.repeats + 1 : 0;
    facts.lastSeq = first.seq;
    hash.copy(facts.hash);
    hash.mix(first.seq);
    hash.mix(facts.repeats);
    // Datagrams have no number of their own that another observer would see too.
    if (first.seq === 0) hash.mix(first.startNs % 0x7fff_ffff);
    hash.finish();
    const trace = (request ?? first).trace;
    head.byte(0x0a);
    head.byte(16);
    if (trace !== null && trace.traceId !== '') {
      const words = traceIdWords(trace);
      head.idWords(words[0]!, words[1]!);
      head.idWords(words[2]!, words[3]!);
    } else {
      head.idWords(hash.a, hash.b);
      head.idWords(hash.c, hash.d);
    }
    // A call seen at several points is several spans of one trace.
    hash.mix(facts.place);
    hash.finish();
    head.byte(0x12);
    head.byte(8);
    head.idWords(hash.c, hash.d);
    if (trace === null || trace.traceId === '') return;
    if (trace.state !== '') {
      head.byte(0x1a);
      head.text(trace.state);
    }
    if (trace.spanId === '') return;
    const parent = spanIdWords(trace);
    head.byte(0x22);
    head.byte(8);
    head.idWords(parent[0]!, parent[1]!);
  }

  #writeTime(tag: number, timeNs: number): void {
    this.#time.set(timeNs);
    this.#head.byte(tag);
    this.#head.fixed64(this.#time.lo, this.#time.hi);
  }

  /** Status (15): message 2, code 3. */
  #writeStatus(message: string): void {
    const status = new WireBytes(64);
    if (message !== '') {
      status.byte(0x12);
      status.text(message);
    }
    status.byte(0x18);
    status.byte(statusError);
    this.#head.byte(0x7a);
    this.#head.varint(status.length);
    this.#head.raw(status.bytes, 0, status.length);
  }

  #sessionFacts(session: Session): SessionFacts {
    const { identity } = session;
    const known = session.notes as SessionFacts | null;
    if (known !== null && known.clientAddress === identity.clientAddress && known.clientPort === identity.clientPort)
      return known;
    const atServer = !clientSide.has(identity.observationPoint);
    const hash = new IdHash();
    const { clientAddress, clientPort, serverAddress, serverPort, transport } = identity;
    hash.start(`${clientAddress} ${clientPort} ${serverAddress} ${serverPort} ${transport}`);
    const place = new IdHash();
    place.start(`${identity.observationPoint} ${identity.interfaceName} ${identity.tunnel}`);
    const facts: SessionFacts = {
      clientAddress,
      clientPort,
      atServer,
      service: atServer ? serverService(identity) : identity.clientAddress,
      shared: nothingShared,
      hash,
      place: place.d,
      lastSeq: -1,
      repeats: 0,
    };
    session.notes = facts;
    return facts;
  }
}

/** Until a process is known, a service is the address and port that it listens on. */
function serverService(identity: FlowIdentity): string {
  const address = identity.serverAddress.includes(':') ? `[${identity.serverAddress}]` : identity.serverAddress;
  return identity.serverPort === 0 ? identity.serverAddress : `${address}:${identity.serverPort}`;
}

function isSame(shared: SharedAttributes, span: SpanWriter, label: string): boolean {
  return (
    shared.label === label &&
    shared.serverName === span.serverName &&
    shared.serverPort === span.serverPort &&
    shared.protocolName === span.protocolName &&
    shared.protocolVersion === span.protocolVersion
  );
}

function encodeShared(identity: FlowIdentity, span: SpanWriter, label: string): SharedAttributes {
  const { atServer, serverName, serverPort, protocolName, protocolVersion } = span;
  const attributes = new AttributeWriter(9);
  attributes.text(keys.serverAddress, serverName === '' ? identity.serverAddress : serverName);
  const port = serverPort === 0 ? identity.serverPort : serverPort;
  if (port !== 0) attributes.int(keys.serverPort, port);
  // Where the socket's own address is not the one that is written as the server's or the client's, it is written too.
  if (serverName !== '' && serverName !== identity.serverAddress) {
    attributes.text(atServer ? keys.localAddress : keys.peerAddress, identity.serverAddress);
    if (port !== identity.serverPort) attributes.int(atServer ? keys.localPort : keys.peerPort, identity.serverPort);
  }
  attributes.text(keys.protocolName, protocolName);
  attributes.text(keys.protocolVersion, protocolVersion);
  attributes.text(keys.protocol, label);
  writeEnds(attributes, identity, atServer);
  return { label, serverName, serverPort, protocolName, protocolVersion, encoded: attributes.out.take() };
}

function writeEnds(attributes: AttributeWriter, identity: FlowIdentity, atServer: boolean): void {
  const { clientAddress, clientPort, realClientAddress, realClientPort } = identity;
  attributes.text(keys.clientAddress, realClientAddress === '' ? clientAddress : realClientAddress);
  const port = realClientAddress === '' ? clientPort : realClientPort;
  if (port !== 0) attributes.int(keys.clientPort, port);
  if (realClientAddress !== '') {
    attributes.text(atServer ? keys.peerAddress : keys.localAddress, clientAddress);
    attributes.int(atServer ? keys.peerPort : keys.localPort, clientPort);
  }
  attributes.text(keys.transport, identity.transport === 'icmp' ? '' : identity.transport);
  attributes.text(keys.interfaceName, identity.interfaceName);
  attributes.text(keys.flowId, flowIdText(identity));
  attributes.text(keys.observationPoint, identity.observationPoint);
  attributes.text(keys.tunnel, identity.tunnel);
}
