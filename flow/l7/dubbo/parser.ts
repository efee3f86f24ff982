/**
 * Reads Dubbo's frames (dubbo.apache.org, Dubbo2 protocol specification):
 *
 *    0  u16 magic, dabb
 *    2  u8  bits: 80 request, 40 an answer is wanted, 20 event (heartbeat), 1f serialization
 *    3  u8  status, of an answer
 *    4  i64 request id
 *   12  u32 length of the body that follows (see body.ts)
 *
 * Either side may send requests: heartbeats, and callbacks of the server.
 */
import { windowBytes } from '../connection.ts';
import type { Input } from '../input.ts';
import { signed64 } from '../int64.ts';
import type { Message, MessageKind } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import type { BodyReader } from './body.ts';
import { clientFaults, okStatus, serializations } from './codes.ts';
import { hessianBody } from './hessian-body.ts';
import { javaBody } from './java-body.ts';
import { jsonBody } from './json-body.ts';
import { jsonbBody } from './jsonb-body.ts';
import { kryoBody } from './kryo-body.ts';

export const headerBytes = 16;
/** Longer bodies are refused by Dubbo unless it is told otherwise (8 MiB); this leaves room for who did. */
export const maxBody = 512 * 1024 * 1024;
export const flags = { request: 0x80, twoWay: 0x40, event: 0x20, serialization: 0x1f } as const;

/** Of a body too long for the window: what its head needs. */
const longHead = 4096;

const bodies: Readonly<Record<number, BodyReader>> = {
  2: hessianBody,
  3: javaBody({ wrapped: true }),
  4: javaBody({ wrapped: true, compacted: true }),
  6: jsonBody,
  7: javaBody({}),
  8: kryoBody,
  10: hessianBody,
  16: jsonBody,
  21: jsonBody,
  23: jsonbBody,
  25: kryoBody,
};

export class DubboParser implements Parser {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    if (end - start < headerBytes) return full ? lost : start;
    if (bytes.readUInt16BE(start) !== 0xdabb) return lost;
    const bits = bytes[start + 2]!;
    const length = bytes.readUInt32BE(start + 12);
    if (length > maxBody) return lost;
    const bodyAt = start + headerBytes;
    const isRequest = (bits & flags.request) !== 0;
    const isEvent = (bits & flags.event) !== 0;
    const needed = isEvent ? 0 : isRequest ? length : answerNeed(bytes, bodyAt, end, bytes[start + 3]!, length);
    const wanted = length + headerBytes <= windowBytes ? needed : Math.min(needed, longHead);
    if (end - bodyAt < wanted && !full) return start;

    const kind: MessageKind = !isRequest ? 'response' : (bits & flags.twoWay) !== 0 ? 'request' : 'session';
    const message = this.#session.begin(kind, input);
    this.#setId(message, bytes, start + 4);
    message.length = length;
    const serialization = bits & flags.serialization;
    message.fact('serialization', serializations[serialization] ?? String(serialization));
    const stop = Math.min(end, bodyAt + length);
    const body = bodies[serialization];
    if (isEvent) setEvent(message, isRequest);
    else if (isRequest) body?.readRequest(message, bytes, bodyAt, stop, this.#session.options);
    if (!isRequest) this.#answer(message, bytes[start + 3]!, isEvent ? undefined : body, bytes, bodyAt, stop);
    this.#session.emit(message);
    return bodyAt + length;
  }

  #answer(
    message: Message,
    status: number,
    body: BodyReader | undefined,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    message.statusCode = status;
    if (status === okStatus) {
      message.status = 'ok';
      body?.readAnswer(message, bytes, start, end);
      return;
    }
    message.status = clientFaults.has(status) ? 'client_error' : 'server_error';
    if (body !== undefined) message.error = body.readError(bytes, start, end);
  }

  /** Ids are counted per sender, so those of the server's own requests are kept apart. */
  #setId(message: Message, bytes: Buffer, at: number): void {
    const id = signed64(bytes.readInt32BE(at), bytes.readUInt32BE(at + 4));
    if ((message.kind === 'response') === (message.side === 1)) message.id = id;
    else {
      message.id = `server ${id}`;
      message.fact('requestId', id);
    }
  }
}

/**
 * Bytes of an answer's body that are worth waiting for: those that say whether it is an exception, and all of one. How the kind is
 * written differs: Hessian and Kryo need a byte, JSON two, the others begin with lengths and magic.
 */
function answerNeed(bytes: Buffer, bodyAt: number, end: number, status: number, length: number): number {
  if (status !== okStatus) return length;
  const head = Math.min(length, 8);
  if (end - bodyAt < head) return head;
  const first = bytes[bodyAt]!;
  // A value in Hessian (91, 94), none (92, 95); in Kryo 1, 2, 4, 5; in JSON a digit.
  const kind = first >= 0x90 && first <= 0x95 ? first - 0x90 : first >= 0x30 && first <= 0x35 ? first - 0x30 : first;
  return kind === 1 || kind === 2 || kind === 4 || kind === 5 ? head : length;
}

/** A heartbeat wants an answer; the event that does not is `readonly`: the server will soon stop. */
function setEvent(message: Message, isRequest: boolean): void {
  message.fact('event', true);
  if (!isRequest) return;
  message.method = message.kind === 'request' ? 'heartbeat' : 'readonly';
  message.endpoint = message.method;
}
