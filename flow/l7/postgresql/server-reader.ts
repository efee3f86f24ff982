/** Reads what a PostgreSQL server sends: the end of each call, its error, its rows counted. */
import type { Input } from '../input.ts';
import type { Message, MessageStatus } from '../message.ts';
import { lost } from '../protocol.ts';
import type { Session } from '../session.ts';
import { utf8, zeroEnd } from '../text.ts';
import type { PostgresqlState } from './state.ts';
import { headerBytes, readText, u32 } from './wire.ts';

const longestHead = 4096;
const longestTag = 64;
const longestMessage = 0x3fffffff;
const dataRow = 0x44;
const copyData = 0x64;
const maxFields = 32;

/** Classes of SQLSTATE that are the server's fault: connection, rollback, resources, operator, system, configuration, foreign data, internal. */
const serverClasses = new Set(['08', '40', '53', '57', '58', 'F0', 'HV', 'XX']);
/** Commands whose tag ends with the number of rows they changed. */
const changing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'COPY']);

export class ServerReader {
  readonly #session: Session;
  readonly #state: PostgresqlState;
  #message: Message | null = null;
  #rows = 0;
  #affected = -1;

  constructor(session: Session, state: PostgresqlState) {
    this.#session = session;
    this.#state = state;
  }

  forget(): void {
    this.#message = null;
  }

  /** The rest of the answer will never come. */
  cut(): void {
    if (this.#message === null) return;
    this.#message.complete = false;
    this.#done();
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    if (this.#state.asksEncryption) return this.#encryption(bytes[start]!, start);
    // Rows come in numbers: all that are whole are passed at once.
    let at = start;
    while (end - at >= headerBytes && (bytes[at] === dataRow || bytes[at] === copyData) && this.#message !== null) {
      const length = u32(bytes, at + 1);
      if (length < 4 || length > longestMessage) return lost;
      if (bytes[at] === dataRow) this.#rows++;
      at += 1 + length;
    }
    if (at > start) return at;
    if (end - start < headerBytes) return input.full ? lost : start;
    const type = bytes[start]!;
    const length = u32(bytes, start + 1);
    if (length < 4 || length > longestMessage) return lost;
    const next = start + 1 + length;
    if (end < Math.min(next, start + longestHead) && type !== dataRow && type !== copyData && !input.full) return start;
    return this.#read(input, type, start + headerBytes, Math.min(next, end)) ? next : lost;
  }

  /** One byte: `S` and TLS follows, `G` and GSSAPI does, `N` and all goes on in the clear. */
  #encryption(answer: number, start: number): number {
    this.#state.asksEncryption = false;
    if (answer === 0x53) this.#session.switchTo('tls');
    else if (answer === 0x47) this.#session.stop();
    else if (answer !== 0x4e) return start;
    return start + 1;
  }

  #read(input: Input, type: number, at: number, end: number): boolean {
    const { bytes } = input;
    switch (type) {
      case 0x53: // ParameterStatus
      case 0x4b: // BackendKeyData
      case 0x4e: // NoticeResponse
      case 0x76: // NegotiateProtocolVersion
      case 0x63: // CopyDone
        return true;
      case 0x41: // NotificationResponse
        this.#notification(input, at, end);
        return true;
      case 0x52: // Authentication
      case 0x74: // ParameterDescription
      case 0x47: // CopyInResponse
      case 0x48: // CopyOutResponse
      case 0x57: // CopyBothResponse
      case 0x56: // FunctionCallResponse
      case copyData:
        this.#begin(input);
        return true;
      case dataRow:
        this.#begin(input);
        this.#rows++;
        return true;
      case 0x31: // ParseComplete
      case 0x32: // BindComplete
      case 0x33: // CloseComplete
      case 0x54: // RowDescription
      case 0x6e: // NoData
        this.#begin(input);
        this.#step();
        return true;
      case 0x43: // CommandComplete
        this.#begin(input);
        this.#tag(utf8(bytes, at, zeroEnd(bytes, at, end), longestTag));
        this.#complete();
        return true;
      case 0x49: // EmptyQueryResponse
      case 0x73: // PortalSuspended
        this.#begin(input);
        this.#complete();
        return true;
      case 0x45: // ErrorResponse
        this.#begin(input);
        this.#error(bytes, at, end);
        return true;
      case 0x5a: // ReadyForQuery
        this.#ready(input);
        return true;
      default:
        return false;
    }
  }

  #begin(input: Input): void {
    this.#message ??= this.#session.begin('response', input);
  }

  #step(): void {
    const unit = this.#state.units[0];
    if (unit?.ends === 'steps' && unit.kind === 'call' && --unit.steps <= 0) this.#done();
  }

  /** Without a call that was seen, what follows until ReadyForQuery is one answer. */
  #complete(): void {
    const unit = this.#state.units[0];
    if (unit === undefined || unit.kind === 'sync') return;
    if (unit.ends !== 'ready') this.#done();
    else if (unit.single) {
      // ReadyForQuery is still to come; it closes the turn.
      unit.kind = 'sync';
      this.#emit();
    }
  }

  /** `INSERT 0 5`, `DELETE 1`, `SELECT 3`, `CREATE TABLE`. */
  #tag(tag: string): void {
    const message = this.#message!;
    message.fact('commandTag', tag);
    const space = tag.indexOf(' ');
    if (space < 0 || !changing.has(tag.slice(0, space))) return;
    const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
    if (Number.isSafeInteger(count)) this.#affected = Math.max(0, this.#affected) + count;
  }

  /** Fields, each: code:1  text 0. S severity, V the same never translated, C SQLSTATE, M message. */
  #error(bytes: Buffer, start: number, end: number): void {
    const message = this.#message!;
    let at = start;
    for (let field = 0; field < maxFields && at < end && bytes[at] !== 0; field++) {
      const code = bytes[at]!;
      const value = at + 1;
      if (code === 0x43) message.statusCode = readText(bytes, value, end, 5);
      else if (code === 0x4d) message.error = readText(bytes, value, end, 2048);
      else if (code === 0x56 || (code === 0x53 && message.textFact('severity') === ''))
        message.fact('severity', readText(bytes, value, end, 16));
      at = zeroEnd(bytes, value, end) + 1;
    }
    message.status = statusOf(String(message.statusCode));
    const unit = this.#state.units[0];
    // The server sends it before it has undone the transaction; the client waits for ReadyForQuery, which comes unless the session ends.
    if (unit?.kind === 'call' && unit.ends === 'ready' && message.textFact('severity') === 'ERROR') return;
    if (unit === undefined || unit.kind === 'sync' || unit.ends === 'ready') {
      // Only ReadyForQuery can follow; it is kept in mind, and the answer is complete.
      if (unit !== undefined) unit.kind = 'sync';
      this.#emit();
      return;
    }
    // Of a batch all that is left is skipped.
    this.#done();
    while (this.#state.units[0]?.kind === 'call') this.#skipped(message);
  }

  /** A call of a batch that the server does not look at, because one before it failed. */
  #skipped(failed: Message): void {
    const message = this.#message ?? copyOf(failed);
    message.error = 'skipped: a statement before it failed';
    message.statusCode = failed.statusCode;
    message.status = failed.status;
    this.#message = message;
    this.#done();
  }

  /** The end of a simple call, or of a batch. */
  #ready(input: Input): void {
    const { units } = this.#state;
    while (units.length > 0 && units[0]!.kind === 'call') {
      const last = units[0]!.ends === 'ready';
      this.#begin(input);
      this.#done();
      if (last) return;
    }
    if (units.length > 0) units.shift();
    if (this.#message === null) return;
    // An answer whose call was not seen.
    this.#emit();
  }

  #done(): void {
    this.#state.units.shift();
    this.#emit();
  }

  #emit(): void {
    const message = this.#message!;
    this.#message = null;
    if (message.status === '') message.status = 'ok';
    if (this.#rows > 0) message.fact('rows', this.#rows);
    if (this.#affected >= 0) message.fact('affectedRows', this.#affected);
    this.#rows = 0;
    this.#affected = -1;
    this.#session.emit(message);
  }

  /** process:4  channel 0  payload 0 */
  #notification(input: Input, at: number, end: number): void {
    const message = this.#session.begin('session', input);
    message.method = 'notification';
    message.resource = readText(input.bytes, at + 4, end);
    this.#session.emit(message);
  }
}

function copyOf(message: Message): Message {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(message)) as Message, message);
  copy.facts = null;
  return copy;
}

function statusOf(sqlState: string): MessageStatus {
  return serverClasses.has(sqlState.slice(0, 2)) ? 'server_error' : 'client_error';
}
