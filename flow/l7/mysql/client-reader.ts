/** Reads what a MySQL client sends: the login, and commands. */

import type { Statement } from '../../sql/statement.ts';
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Session } from '../session.ts';
import { noteEndpoint, noteStatement, SqlDetail } from '../sql-call.ts';
import { latin1, utf8, zeroEnd } from '../text.ts';
import { type Command, commandCodes, commandOf, login } from './commands.ts';
import type { MysqlState } from './state.ts';
import { binaryValue, capabilities, lenenc, lenencEnd, u16, u32 } from './wire.ts';

/** Bytes of a command that are looked at. */
const longestHead = 32 * 1024;
const sslRequestBytes = 32;
const lastPreparedId = 0xffffffff;
const maxAttributes = 64;

export class ClientReader {
  readonly #session: Session;
  readonly #state: MysqlState;
  readonly #maxText: number;

  constructor(session: Session, state: MysqlState) {
    this.#session = session;
    this.#state = state;
    this.#maxText = session.options.maxText;
  }

  /** Bytes of a payload of `length` that must be there before it is read. */
  needed(length: number): number {
    return Math.min(length, longestHead);
  }

  /** Reads one packet, of which [start, end) is there. False: it is none of this protocol. */
  read(input: Input, bytes: Buffer, start: number, end: number, length: number, sequence: number): boolean {
    const state = this.#state;
    if (state.sendsFile) {
      if (length === 0) state.sendsFile = false;
      return true;
    }
    if (sequence !== 0) {
      if (!state.authenticating && sequence === 1 && length >= sslRequestBytes)
        this.#login(input, bytes, start, end, length);
      return true;
    }
    if (length === 0) return true;
    const code = bytes[start]!;
    const command = commandOf(code);
    if (command === undefined) return false;
    state.greeted = false;
    state.authenticating = false;
    this.#command(input, command, code, bytes, start + 1, end);
    return true;
  }

  #command(input: Input, command: Command, code: number, bytes: Buffer, start: number, end: number): void {
    const state = this.#state;
    const message = this.#session.begin(command.answer === 'none' ? 'session' : 'request', input);
    message.method = command.name;
    let statement: Statement | null = null;
    let namespace = '';
    switch (code) {
      case commandCodes.query: {
        const text = this.#attributes(message, bytes, start, end);
        statement = noteStatement(message, utf8(bytes, text, end, this.#maxText), 'mysql', this.#session.options);
        if (statement.operation === 'USE') namespace = statement.collection;
        break;
      }
      case commandCodes.prepare:
        statement = noteStatement(message, utf8(bytes, start, end, this.#maxText), 'mysql', this.#session.options);
        break;
      case commandCodes.initDb:
        namespace = utf8(bytes, start, end, 256);
        message.resource = namespace;
        break;
      case commandCodes.execute:
      case commandCodes.bulkExecute:
      case commandCodes.fetch:
      case commandCodes.resetStatement:
      case commandCodes.sendLongData:
      case commandCodes.closeStatement:
        statement = this.#prepared(message, code, bytes, start, end);
        break;
      case commandCodes.changeUser:
        this.#changeUser(message, bytes, start, end);
        break;
      default:
    }
    message.detail = new SqlDetail(statement, state.namespace, state.system, !this.#session.options.obfuscate);
    this.#session.emit(message);
    if (command.answer === 'none') return;
    // Only a statement that gets an id is asked for again: all others' texts would be held once more.
    const prepares = command.answer === 'prepare';
    state.expect({
      command,
      statement: prepares ? statement : null,
      text: prepares ? message.resource : '',
      namespace,
    });
  }

  /** A statement known by its id. */
  #prepared(message: Message, code: number, bytes: Buffer, start: number, end: number): Statement | null {
    if (end - start < 4) return null;
    const id = u32(bytes, start);
    message.fact('requestId', id);
    const prepared = id === lastPreparedId ? this.#state.lastPrepared : this.#state.prepared.get(id);
    if (code === commandCodes.closeStatement) this.#state.prepared.delete(id);
    if (prepared === undefined || prepared === null) return null;
    message.resource = prepared.text;
    noteEndpoint(message, prepared.statement);
    return prepared.statement;
  }

  /**
   * Skips the attributes before a query's text, and looks for a trace context among them:
   * count, sets, then with any: nulls, 1, for each type:2 and name, for each its value.
   */
  #attributes(message: Message, bytes: Buffer, start: number, end: number): number {
    const negotiated =
      (this.#state.clientCapabilities & this.#state.serverCapabilities & capabilities.queryAttributes) !== 0;
    // Joined later: no statement begins with a zero.
    if (!negotiated) return bytes[start] === 0 && bytes[start + 1] === 1 && end - start > 2 ? start + 2 : start;
    const count = lenenc(bytes, start, end);
    if (count < 0 || count > maxAttributes) return start;
    if (lenenc(bytes, lenencEnd, end) < 0) return start;
    let at = lenencEnd;
    if (count === 0) return at;
    const nulls = at;
    at += ((count + 7) >> 3) + 1;
    const types: number[] = [];
    const names: string[] = [];
    for (let index = 0; index < count; index++) {
      if (at + 2 > end) return end;
      types.push(u16(bytes, at));
      const length = lenenc(bytes, at + 2, end);
      if (length < 0 || lenencEnd + length > end) return end;
      names.push(latin1(bytes, lenencEnd, lenencEnd + length));
      at = lenencEnd + length;
    }
    for (let index = 0; index < count; index++) {
      if ((bytes[nulls + (index >> 3)]! >> (index & 7)) & 1) continue;
      const length = binaryValue(types[index]! & 0xff, bytes, at, end);
      if (length < 0) return end;
      const value = lenencEnd;
      at = value + length;
      if (at > end) return end;
      offerTraceHeader(message, names[index]!, latin1(bytes, value, Math.min(at, value + 1024)), this.#session.options);
    }
    return at;
  }

  /**
   * capabilities:4  longest packet:4  charset:1  23 bytes  user 0  [authentication]  [database 0]  …
   * An SSL request ends after the 23 bytes; what follows is TLS.
   */
  #login(input: Input, bytes: Buffer, start: number, end: number, length: number): void {
    const state = this.#state;
    const flags = u32(bytes, start);
    if ((flags & capabilities.protocol41) === 0 && !state.greeted) return;
    if (length === sslRequestBytes && (flags & capabilities.ssl) !== 0) {
      this.#session.switchTo('tls');
      return;
    }
    state.greeted = false;
    state.authenticating = true;
    state.clientCapabilities = flags;
    const message = this.#session.begin('request', input);
    message.method = login.name;
    let at = start + sslRequestBytes;
    const user = zeroEnd(bytes, at, end);
    if (user > at) message.fact('user', utf8(bytes, at, user, 256));
    at = user + 1;
    const namespace = this.#loginDatabase(bytes, at, end, flags);
    if (namespace !== '') message.fact('database', namespace);
    message.detail = new SqlDetail(null, namespace, state.system, false);
    this.#session.emit(message);
    state.expect({ command: login, statement: null, text: '', namespace });
  }

  #loginDatabase(bytes: Buffer, start: number, end: number, flags: number): string {
    if ((flags & capabilities.connectWithDb) === 0) return '';
    let at = start;
    if ((flags & capabilities.lenencAuth) !== 0) {
      const length = lenenc(bytes, at, end);
      if (length < 0) return '';
      at = lenencEnd + length;
    } else if ((flags & capabilities.secureConnection) !== 0) at += 1 + (at < end ? bytes[at]! : 0);
    else at = zeroEnd(bytes, at, end) + 1;
    return at < end ? utf8(bytes, at, zeroEnd(bytes, at, end), 256) : '';
  }

  /** user 0  length:1 authentication  database 0  … */
  #changeUser(message: Message, bytes: Buffer, start: number, end: number): void {
    this.#state.authenticating = true;
    const user = zeroEnd(bytes, start, end);
    if (user > start) message.fact('user', utf8(bytes, start, user, 256));
    const at = user + 2 + (user + 1 < end ? bytes[user + 1]! : 0);
    if (at >= end) return;
    const namespace = utf8(bytes, at, zeroEnd(bytes, at, end), 256);
    if (namespace !== '') message.fact('database', namespace);
  }
}
