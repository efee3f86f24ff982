/** A message of an application protocol: what a parser says about one request, response or one-way message. */
import type { TraceContext } from '../trace-context/context.ts';
import type { Evidence, Worker } from './evidence.ts';
import type { Session } from './session.ts';

/** `session` is a message that expects no reply and answers none. */
export type MessageKind = 'request' | 'response' | 'session';

/** Who is at fault, by the protocol's own rules. */
export type MessageStatus = 'ok' | 'client_error' | 'server_error';

/** 0: sent by the client; 1: sent by the server. */
export type Side = 0 | 1;

/** A fact that only this protocol has, for its `describe` and for the conformance set. */
export type Fact = string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>>;

/**
 * Parsers fill what the message says and leave the rest: an empty text or -1 means "not known". Fields carry the message's
 * own words; obfuscation and OpenTelemetry names are the business of the protocol's `describe`.
 */
export class Message {
  kind: MessageKind;
  side: Side;
  /** Arrival of its first byte, of the bytes that made it readable (its head), and of its last byte. */
  startNs: number;
  timeNs: number;
  endNs: number;
  /** Arrival of its last byte where the parser knows it better than by what it has read; else 0. */
  lastNs = 0;
  /** Frame that made it readable. */
  frame: number;
  /** TCP sequence number of its first byte. */
  seq: number;
  /** Position of its first byte in its side's stream; with the end it gives {@link sizeBytes}. */
  offset: number;
  /** Bytes on the wire, body included; from first byte to last unless the parser knows better (interleaved streams). */
  sizeBytes = 0;
  /** False when the connection ended, or bytes were lost, before its end. */
  complete = true;
  /** More messages answer the same request after this one; the last has false. */
  more = false;
  /** False on a request that is known to get no answer of its own. */
  expectsReply = true;
  /** How the session pairs a message that the protocol calls one-way: a reply sent to the address that a request named. */
  pairedAs: MessageKind | '' = '';
  /** Belongs to another message that is told as a call (a content header, a body frame): tools see it, it is no call of its own. */
  part = false;
  /** Which request a response answers: equal ids match. Empty: responses come in the order of the requests. */
  id: number | string = '';

  /** The protocol's label when the parser's protocol carries others, as HTTP/2 carries gRPC; else empty. */
  label = '';

  /** What is asked: HTTP method, SQL verb or command, RPC method, API name, DNS type. */
  method = '';
  /** Of what: path with query, SQL text, command line, RPC service, topic, DNS name. */
  resource = '';
  /** A coarse name to group by. */
  endpoint = '';
  /** HTTP host, DNS name, RPC service, broker, vhost. */
  domain = '';
  version = '';
  /** The protocol's own number or text of the outcome; empty when it has none. */
  statusCode: number | string = '';
  status: MessageStatus | '' = '';
  /** Short text of the reply, text of the error. */
  result = '';
  error = '';
  /** Lengths the protocol itself states: of the body or payload, of the whole frame. -1: none stated. */
  length = -1;
  frameLength = -1;
  trace: TraceContext | null = null;
  /** X-Request-ID and its like. */
  requestId = '';
  /** Of the bytes that made it readable. */
  evidence: Evidence | null = null;
  /** Of a request: who works on it, where that is not who moved its bytes. */
  worker: Worker | null = null;
  facts: Map<string, Fact> | null = null;
  /** What the parser found out for the protocol's own `describe`, in a shape of its own. */
  detail: object | null = null;

  /** Kept by the session while a request waits for its answer: the first of several answers, and whether it is over. */
  first: Message | null = null;
  settled = false;
  /** Its answer has begun. */
  answering = false;
  /** Its place in the list of those who wait (waiting.ts). */
  waitingFor: Session | null = null;
  deadlineNs = 0;
  waitingLength = 0;
  older: Message | null = null;
  newer: Message | null = null;

  constructor(
    kind: MessageKind,
    side: Side,
    startNs: number,
    timeNs: number,
    frame: number,
    seq: number,
    offset: number,
  ) {
    this.kind = kind;
    this.side = side;
    this.startNs = startNs;
    this.timeNs = timeNs;
    this.endNs = timeNs;
    this.frame = frame;
    this.seq = seq;
    this.offset = offset;
  }

  /** Notes a fact of this protocol only. */
  fact(name: string, value: Fact): void {
    this.facts ??= new Map();
    this.facts.set(name, value);
  }

  /** A noted text; empty when there is none. */
  textFact(name: string): string {
    const value = this.facts?.get(name);
    return value === undefined ? '' : String(value);
  }
}
