/** Reads the frames of one Bolt connection: calls of SOFARPC, calls of plain Bolt, heartbeats. */
import { windowBytes } from '../connection.ts';
import { HessianDraftReader } from '../hessian/draft.ts';
import { Hessian2Reader } from '../hessian/final.ts';
import type { HessianReader } from '../hessian/reader.ts';
import type { Input } from '../input.ts';
import type { Message, MessageKind } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned, utf8 } from '../text.ts';
import { clientFault, codecs, commandCodes, commandTypes } from './codes.ts';
import { readRequestContent, readResponseContent } from './content.ts';
import { BoltFrame } from './frame.ts';
import { readHeaderMap } from './header.ts';

export class BoltParser implements Parser {
  readonly #session: Session;
  readonly #frame = new BoltFrame();

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start, end, full } = input;
    const frame = this.#frame;
    const found = frame.read(bytes, start, end);
    if (found === false) return lost;
    if (found === undefined) return full ? lost : start;
    // Class and header are always wanted; of a content too long for the window its beginning.
    const wanted =
      frame.next - start <= windowBytes ? frame.contentEnd : Math.min(frame.contentEnd, frame.contentAt + 1024);
    if (end < wanted && !full) return start;

    const message = this.#session.begin(kindOf(frame.type), input);
    message.version = frame.protocol === 1 ? 'bolt-v1' : 'bolt-v2';
    message.length = frame.contentEnd - frame.classAt;
    message.fact('codec', codecs[frame.codec] ?? String(frame.codec));
    this.#setId(message);
    if (frame.command === commandCodes.heartbeat) setHeartbeat(message);
    else if (end >= frame.contentAt) this.#readBody(message, bytes, Math.min(end, frame.contentEnd));
    if (message.kind === 'response') setStatus(message, frame.status);
    else if (frame.timeoutMs > 0) message.fact('timeoutMs', frame.timeoutMs);
    this.#session.emit(message);
    return frame.next;
  }

  #readBody(message: Message, bytes: Buffer, contentEnd: number): void {
    const { classAt, headerAt, contentAt, codec } = this.#frame;
    const className = interned.get(bytes, classAt, headerAt);
    readHeaderMap(message, bytes, headerAt, contentAt, this.#session.options);
    const isHessian = codecs[codec] === 'hessian2';
    if (message.kind !== 'response') {
      if (isHessian && message.method === '') readRequestContent(message, hessianReader(bytes, contentAt, contentEnd));
      // A call of Bolt without SOFARPC: what is sent tells what is asked.
      if (message.method === '') message.method = className;
      message.endpoint = message.resource === '' ? message.method : `${message.resource}/${message.method}`;
      return;
    }
    if (isHessian) readResponseContent(message, hessianReader(bytes, contentAt, contentEnd));
    else if (message.facts?.has('failed') === true) message.error = utf8(bytes, contentAt, contentEnd, 4096);
  }

  /** Ids are counted per sender, and both sides may ask. */
  #setId(message: Message): void {
    const { id } = this.#frame;
    if ((message.kind === 'response') === (message.side === 1)) message.id = id;
    else {
      message.id = `server ${id}`;
      message.fact('requestId', id);
    }
  }
}

/** SOFARPC in Java writes the draft's grammar, where an object's class begins with `O`; in the published one it is `C`. */
function hessianReader(bytes: Buffer, start: number, end: number): HessianReader {
  const published = start < end && bytes[start] === 0x43;
  return published ? new Hessian2Reader(bytes, start, end) : new HessianDraftReader(bytes, start, end);
}

function kindOf(type: number): MessageKind {
  return type === commandTypes.request ? 'request' : type === commandTypes.oneWay ? 'session' : 'response';
}

function setHeartbeat(message: Message): void {
  if (message.kind === 'response') return;
  message.method = 'heartbeat';
  message.endpoint = 'heartbeat';
}

/** The status is the transport's; a service's own error has status 0 and says so in header or content. */
function setStatus(message: Message, status: number): void {
  message.statusCode = status;
  message.status = status === 0 ? 'ok' : status === clientFault ? 'client_error' : 'server_error';
}
