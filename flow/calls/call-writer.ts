/** Writes each finished call as an OTLP span: what the protocol says of it, and what every call has. */
import type { FlowIdentity } from '../identity.ts';
import type { Message } from '../l7/message.ts';
import type { Protocol } from '../l7/protocol.ts';
import type { Outcome, Session } from '../l7/session.ts';
import { AttributeWriter, attributeKey } from '../otlp/attribute-writer.ts';
import { RequestBuilder } from '../otlp/request-builder.ts';
import { serviceResource } from '../otlp/resource.ts';
import { SpanWriter } from '../otlp/span-writer.ts';
import { WireBytes } from '../otlp/wire-bytes.ts';
import type { CaptureClock } from '../packet/clock.ts';
import { spanIdWords } from '../trace-context/ids.ts';
import { CallIds, type IdBase } from './call-ids.ts';
import { writeEvidence } from './evidence-attributes.ts';
import { encodeShared, isSame, nothingShared, type SharedAttributes } from './shared-attributes.ts';
import { IdHash } from './span-ids.ts';
import { UnixTime } from './unix-time.ts';

const keys = {
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
interface SessionFacts extends IdBase {
  clientAddress: string;
  clientPort: number;
  atServer: boolean;
  service: string;
  shared: SharedAttributes;
  /** Sequence number of the last call, and how many calls began there. */
  lastSeq: number;
  repeats: number;
}

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
  readonly #ids = new CallIds();

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
    if (!isSame(facts.shared, session.identity, span, label))
      facts.shared = encodeShared(session.identity, span, label);
    span.attributes.out.raw(facts.shared.encoded);

    const head = this.#head;
    head.clear();
    this.#writeIds(facts, first);
    head.byte(0x2a);
    head.text(span.name === '' ? first.label || protocol.label : span.name);
    head.byte(0x30);
    head.byte(span.kind);
    this.#writeTime(0x39, first.startNs);
    this.#writeTime(0x41, Math.max(first.startNs, last.endNs));
    if (span.failed) this.#writeStatus(span.statusMessage);
    this.calls++;
    const process = (first.evidence ?? last.evidence)?.process;
    if (process !== undefined) this.#request.add(process.key, () => process.resource(), head, span.attributes.out);
    else
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
    const tcp = identity.transport === 'tcp' && identity.socket?.unixPair === undefined;
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
    writeEvidence(span, request?.evidence ?? null, response?.evidence ?? null);
    const trace = request?.trace ?? response?.trace ?? null;
    if (trace !== null && trace.format !== 'traceparent') {
      span.text(keys.contextFormat, trace.format);
      span.text(keys.contextTraceId, trace.traceId);
      span.text(keys.contextSpanId, trace.spanId);
    }
  }

  /** The ids that the span of a request will have which is still waiting for its answer. */
  idsOf(session: Session, request: Message): { traceId: string; spanId: string } {
    const facts = this.#sessionFacts(session);
    const ids = this.#ids;
    ids.set(facts, request, request.seq === facts.lastSeq ? facts.repeats + 1 : 0);
    return { traceId: ids.traceText, spanId: ids.spanText };
  }

  /** trace_id 1, span_id 2, trace_state 3, parent_span_id 4. */
  #writeIds(facts: SessionFacts, first: Message): void {
    const head = this.#head;
    facts.repeats = first.seq === facts.lastSeq ? facts.repeats + 1 : 0;
    facts.lastSeq = first.seq;
    const ids = this.#ids;
    ids.set(facts, first, facts.repeats);
    head.byte(0x0a);
    head.byte(16);
    head.idWords(ids.trace[0], ids.trace[1]);
    head.idWords(ids.trace[2], ids.trace[3]);
    head.byte(0x12);
    head.byte(8);
    head.idWords(ids.span[0], ids.span[1]);
    const { trace } = first;
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
    this.#head.written(status);
  }

  #sessionFacts(session: Session): SessionFacts {
    const { identity } = session;
    const known = session.notes as SessionFacts | null;
    if (known !== null && known.clientAddress === identity.clientAddress && known.clientPort === identity.clientPort)
      return known;
    const atServer = !clientSide.has(identity.observationPoint);
    const hash = new IdHash();
    const { clientAddress, clientPort, serverAddress, serverPort, transport } = identity;
    hash.start(
      identity.socket?.unixPair ?? `${clientAddress} ${clientPort} ${serverAddress} ${serverPort} ${transport}`,
    );
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
