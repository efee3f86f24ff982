/** Reads a NATS connection: control lines; headers are looked at, payloads pass unseen. */
import { findTraceHeader, offerTraceHeader } from '../../trace-context/headers.ts';
import type { Input } from '../input.ts';
import type { Message, Side } from '../message.ts';
import { lost, type Parser } from '../protocol.ts';
import type { Session } from '../session.ts';
import { cut, find, latin1, utf8, word } from '../text.ts';
import { ControlLine } from './line.ts';

/** Of a message's headers so many bytes are looked at, and so many headers kept. */
const headBytes = 16 * 1024;
const maxHeaders = 64;

/** Where clients want replies, unless they were told another prefix. */
const inboxPrefix = '_INBOX.';
const nextMessages = '$JS.API.CONSUMER.MSG.NEXT.';

const line = new ControlLine();

/*
 * Client                                       Server
 *                                              INFO {…}
 *   CONNECT {…}
 *   PUB subject [reply] size                   +OK | -ERR 'text'
 *   HPUB subject [reply] headers all
 *   SUB subject [queue] sid                    MSG subject sid [reply] size
 *   UNSUB sid [max]                            HMSG subject sid [reply] headers all
 *   PING | PONG                                PING | PONG
 *
 * Both may ask PING, even at once; each PONG answers the oldest PING of the other side.
 */
export class NatsParser implements Parser {
  readonly #session: Session;
  #greeted = false;
  #clientName = '';
  /** PINGs sent and answered, by who asked. */
  readonly #asked: [number, number] = [0, 0];
  readonly #answered: [number, number] = [0, 0];

  constructor(session: Session) {
    this.#session = session;
  }

  read(input: Input): number {
    const { bytes, start } = input;
    const first = bytes[start]!;
    // A TLS ClientHello: what follows INFO with `tls_required`.
    if (first === 0x16) {
      this.#session.stop();
      return input.end;
    }
    if (first === 0x0a || first === 0x0d) return start + 1;
    const found = line.read(input);
    if (found === 'more') return start;
    if (found === 'no') return lost;
    const { side } = input;
    const verb = line.verb!;
    if (verb.side !== null && verb.side !== side) return lost;
    const message = this.#session.begin('session', input);
    message.method = verb.name;
    if (this.#clientName !== '') message.fact('clientName', this.#clientName);
    const next = verb.subject >= 0 || verb.sid >= 0 ? this.#subject(message, input) : line.next;
    if (next === start || next === lost) return next;
    switch (verb.name) {
      case 'INFO':
        this.#info(message, bytes);
        break;
      case 'CONNECT':
        this.#connect(message, bytes);
        break;
      case 'PING':
        message.kind = 'request';
        message.id = pingId(side, this.#asked[side]++);
        break;
      case 'PONG':
        this.#pong(message);
        break;
      case '-ERR':
        message.status = 'server_error';
        message.error = errorText(bytes);
        break;
      default:
    }
    if (verb.body !== 'line') this.#pair(message);
    this.#session.emit(message);
    return next;
  }

  /**
   * A message that names an inbox is a request, and what is sent to that inbox its reply; both are one-way messages to the protocol. Asking
   * for the next messages of a stream is left out: they come under their own subjects.
   */
  #pair(message: Message): void {
    const { side, resource } = message;
    if (resource.startsWith(inboxPrefix)) {
      const id = inboxId(side === 0 ? 1 : 0, resource);
      if (this.#session.pending(id) === undefined) return;
      message.pairedAs = 'response';
      message.id = id;
      return;
    }
    const replyTo = message.textFact('replyTo');
    if (!replyTo.startsWith(inboxPrefix) || resource.startsWith(nextMessages)) return;
    message.pairedAs = 'request';
    message.id = inboxId(side, replyTo);
  }

  /** Which PING a PONG answers is not known any more. */
  gap(): void {
    for (const side of [0, 1] as const) this.#answered[side] = this.#asked[side];
  }

  #subject(message: Message, input: Input): number {
    const { bytes, start, end } = input;
    const verb = line.verb!;
    const count = line.wordsBeforeSizes();
    if (count < 0) return lost;
    let headers = 0;
    let size = 0;
    if (verb.body !== 'line') {
      size = line.number(bytes, line.words - 1);
      if (verb.body === 'headers') headers = line.number(bytes, line.words - 2);
      if (size < 0 || headers < 0 || headers > size) return lost;
      if (end < line.next + Math.min(headers, headBytes) && !input.full) return start;
    }
    if (verb.subject >= 0) {
      message.resource = this.#word(bytes, verb.subject);
      message.endpoint = firstToken(message.resource);
    }
    if (verb.name === 'SUB') {
      message.fact('sid', this.#word(bytes, count - 1));
      if (count === 3) message.fact('queueGroup', this.#word(bytes, 1));
    } else if (verb.sid >= 0) message.fact('sid', this.#word(bytes, verb.sid));
    if (verb.body === 'line') return line.next;
    if (count > verb.words[0]) message.fact('replyTo', this.#word(bytes, verb.words[0]));
    message.fact('payloadSize', size - headers);
    if (headers > 0) this.#headers(message, bytes, line.next, Math.min(line.next + Math.min(headers, headBytes), end));
    return line.next + size + 2;
  }

  #word(bytes: Buffer, index: number): string {
    return word(bytes, line.starts[index]!, line.ends[index]!);
  }

  /** `NATS/1.0 [status [text]]`, then `name: value` lines (ADR-4 of NATS). */
  #headers(message: Message, bytes: Buffer, start: number, end: number): void {
    let at = find(bytes, 0x0a, start, end) + 1;
    if (at === 0) return;
    if (at - start > 13) noteStatus(message, latin1(bytes, start + 9, at - 2));
    const headers: Record<string, string> = {};
    let count = 0;
    while (at < end && count < maxHeaders) {
      const feed = find(bytes, 0x0a, at, end);
      const colon = find(bytes, 0x3a, at, feed);
      if (feed < 0 || colon < 0) break;
      let value = colon + 1;
      while (value < feed && bytes[value] === 0x20) value++;
      let last = feed;
      while (last > value && bytes[last - 1]! <= 0x20) last--;
      const text = utf8(bytes, value, last, 2048);
      headers[utf8(bytes, at, colon, 256)] = text;
      count++;
      const name = findTraceHeader(bytes, at, colon, this.#session.options);
      if (name !== '') offerTraceHeader(message, name, text, this.#session.options);
      at = feed + 1;
    }
    if (count > 0) message.fact('headers', headers);
  }

  /** The first INFO waits for CONNECT; later ones tell of changes in the cluster. */
  #info(message: Message, bytes: Buffer): void {
    const info = json(bytes);
    message.domain = text(info, 'server_name') || text(info, 'server_id');
    message.version = text(info, 'version');
    if (this.#greeted || message.side === 0) return;
    this.#greeted = true;
    message.kind = 'request';
    message.id = 'info';
  }

  /** CONNECT has passwords and tokens: only name, language and version of the client are taken. */
  #connect(message: Message, bytes: Buffer): void {
    const options = json(bytes);
    this.#clientName = text(options, 'name');
    if (this.#clientName !== '') message.fact('clientName', this.#clientName);
    const language = text(options, 'lang');
    if (language !== '') message.fact('clientLanguage', language);
    if (this.#session.pending('info') === undefined) return;
    message.kind = 'response';
    message.id = 'info';
    message.status = 'ok';
  }

  #pong(message: Message): void {
    const asker: Side = message.side === 0 ? 1 : 0;
    // Without a PING that was seen nothing is known of it.
    if (this.#answered[asker] >= this.#asked[asker]) return;
    message.kind = 'response';
    message.id = pingId(asker, this.#answered[asker]++);
    message.status = 'ok';
  }
}

function inboxId(asker: Side, inbox: string): string {
  return `${asker === 0 ? 'client' : 'server'} ${inbox}`;
}

function pingId(side: Side, count: number): string {
  return `${side === 0 ? 'client' : 'server'}-${count}`;
}

function firstToken(subject: string): string {
  const dot = subject.indexOf('.');
  return dot < 0 ? subject : subject.slice(0, dot);
}

function json(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(utf8(bytes, line.rest, line.end));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: Record<string, unknown>, name: string): string {
  const found = value[name];
  return typeof found === 'string' ? cut(found, 256) : '';
}

/** The text of -ERR without its quotes. */
function errorText(bytes: Buffer): string {
  let { rest: start, end } = line;
  while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x27)) start++;
  while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x27)) end--;
  return utf8(bytes, start, end, 1024);
}

/** A server's word about a request, in place of a message: 503 nobody listens, 404 and 408 nothing to fetch, 409 refused. */
function noteStatus(message: Message, status: string): void {
  const code = Number(status.slice(0, 3));
  if (!Number.isInteger(code)) return;
  message.statusCode = code;
  message.result = status.slice(4).trim();
  if (code >= 500) message.status = 'server_error';
  else message.status = code === 400 || code === 409 ? 'client_error' : 'ok';
}
