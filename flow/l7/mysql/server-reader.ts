/**
 * Reads what a MySQL server sends: greeting, answers, result sets. Only the ends of a result set are looked at; rows pass by their lengths.
 *
 *   first ─► OK, ERR                                                       ─► done, or first again when more results exist
 *     ├────► columns(n) ─► [EOF] ─► rows … ─► EOF, OK (0xfe), ERR          ─► done, or first again
 *     ├────► file: the client sends one, then OK or ERR                    ─► done
 *     └────► prepared: definitions of parameters and columns, EOF after each ─► done
 */
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import type { Session } from '../session.ts';
import { latin1, utf8 } from '../text.ts';
import { type Command, unseen } from './commands.ts';
import type { Expected, MysqlState } from './state.ts';
import { capabilities, cursorExists, lenenc, lenencEnd, longestPacket, moreResults, u16, u32 } from './wire.ts';

/** Bytes of a packet that says something. */
const longestHead = 1024;
const progressReport = 0xffff;
const longestEof = 5;
/** The answer to a prepare that was not seen looks like an OK of this length, with its id in place of a number of rows. */
const prepareOkBytes = 12;

type Stage = 'first' | 'columns' | 'rows' | 'prepared';

export class ServerReader {
  readonly #session: Session;
  readonly #state: MysqlState;
  #message: Message | null = null;
  #stage: Stage = 'first';
  /** Definitions still to come. */
  #definitions = 0;
  /** Rows of this result set, and of those before it in the same answer. */
  #rows = 0;
  #sumRows = 0;
  #hasRows = false;
  /** The EOF between definitions and rows was seen. */
  #separated = false;
  #preparedId = 0;

  constructor(session: Session, state: MysqlState) {
    this.#session = session;
    this.#state = state;
  }

  forget(): void {
    this.#message = null;
    this.#stage = 'first';
    this.#rows = 0;
    this.#sumRows = 0;
    this.#hasRows = false;
    this.#separated = false;
  }

  /** Of rows and definitions the first byte is enough. */
  needed(bytes: Buffer, start: number, end: number, length: number): number {
    if (length === 0) return 0;
    if (start >= end) return 1;
    const first = bytes[start]!;
    if (this.#stage !== 'first' && first !== 0xfe && first !== 0xff) return 1;
    return Math.min(length, longestHead);
  }

  /** Reads one packet, of which [start, end) is there. */
  read(input: Input, bytes: Buffer, start: number, end: number, length: number, sequence: number): boolean {
    if (length === 0 || start >= end) return true;
    const first = bytes[start]!;
    switch (this.#stage) {
      case 'first':
        return this.#first(input, bytes, start, end, length, sequence);
      case 'columns':
        if (first === 0xff) this.#error(bytes, start, end);
        else if (--this.#definitions === 0) this.#stage = 'rows';
        return true;
      case 'prepared':
        if (first !== 0xfe && --this.#definitions === 0) this.#done();
        return true;
      case 'rows':
        this.#row(bytes, start, end, length, first);
        return true;
      default:
        this.#stage satisfies never;
        return false;
    }
  }

  #first(input: Input, bytes: Buffer, start: number, end: number, length: number, sequence: number): boolean {
    const state = this.#state;
    const first = bytes[start]!;
    if (sequence === 0 && first === 0x0a && state.expected.length === 0) {
      this.#greeting(bytes, start, end);
      return true;
    }
    const command = state.expected[0]?.command ?? unseen;
    // What comes without being the beginning of an answer belongs to one that was not seen.
    if (this.#message === null && state.expected.length === 0 && sequence > 1) return true;
    if (command.answer === 'auth' && first !== 0x00 && first !== 0xff) return true;
    if (first === 0xff && end - start >= 3 && u16(bytes, start + 1) === progressReport) return true;
    this.#message ??= this.#session.begin('response', input);
    if (first === 0xff) {
      this.#error(bytes, start, end);
      return true;
    }
    this.#answer(command, bytes, start, end, length);
    return true;
  }

  #answer(command: Command, bytes: Buffer, start: number, end: number, length: number): void {
    const first = bytes[start]!;
    switch (command.answer) {
      case 'text':
        this.#done();
        return;
      case 'stream':
        this.#done();
        this.#session.stop();
        return;
      case 'prepare':
        if (first === 0x00 && end - start >= 9) {
          this.#prepareOk(bytes, start);
          return;
        }
        break;
      case 'fields':
      case 'rows':
        this.#stage = 'rows';
        this.#rows = 0;
        this.#row(bytes, start, end, length, first);
        return;
      default:
    }
    if (first === 0x00 || (first === 0xfe && length < longestPacket)) this.#ok(bytes, start, end, length);
    else if (first === 0xfb) this.#state.sendsFile = true;
    else this.#resultSet(bytes, start, end);
  }

  /** 0a  version 0  thread:4  8 bytes 0  capabilities:2  charset:1  status:2  capabilities:2 */
  #greeting(bytes: Buffer, start: number, end: number): void {
    const state = this.#state;
    state.greeted = true;
    let at = start + 1;
    while (at < end && bytes[at] !== 0) at++;
    const version = latin1(bytes, start + 1, at);
    state.system = version.includes('MariaDB') ? 'mariadb' : 'mysql';
    at += 14;
    if (at + 7 > end) return;
    state.serverCapabilities = (u16(bytes, at) | (u16(bytes, at + 5) << 16)) >>> 0;
  }

  /** 00  affected rows  last insert id  status:2  warnings:2; or EOF: fe  warnings:2  status:2 */
  #ok(bytes: Buffer, start: number, end: number, length: number): void {
    const message = this.#message!;
    let status = 0;
    if (bytes[start] === 0xfe && length <= longestEof)
      status = length === longestEof && end - start >= 5 ? u16(bytes, start + 3) : 0;
    else {
      const affected = lenenc(bytes, start + 1, end);
      if (affected >= 0) {
        const inserted = lenenc(bytes, lenencEnd, end);
        if (inserted >= 0 && lenencEnd + 2 <= end) status = u16(bytes, lenencEnd);
        if (bytes[start] === 0x00 && (length !== prepareOkBytes || this.#state.expected.length > 0)) {
          message.fact('affectedRows', affected);
          if (inserted > 0) message.fact('lastInsertId', inserted);
        }
      }
    }
    if ((status & moreResults) !== 0 && this.#state.expected[0]?.command.answer !== 'auth') this.#stage = 'first';
    else this.#done();
  }

  /** ff  code:2  [#  SQLSTATE:5]  text */
  #error(bytes: Buffer, start: number, end: number): void {
    const message = this.#message;
    if (message === null) return;
    let at = Math.min(end, start + 3);
    const code = end - start >= 3 ? u16(bytes, start + 1) : 0;
    if (bytes[at] === 0x23 && end - at >= 6) {
      message.fact('sqlState', latin1(bytes, at + 1, at + 6));
      at += 6;
    }
    message.statusCode = code;
    message.status = code >= 2000 && code <= 2999 ? 'client_error' : 'server_error';
    message.error = utf8(bytes, at, end, longestHead);
    this.#done();
  }

  #resultSet(bytes: Buffer, start: number, end: number): void {
    const columns = lenenc(bytes, start, end);
    if (columns <= 0 || columns > 0xffff) {
      this.#done();
      return;
    }
    this.#hasRows = true;
    this.#definitions = columns;
    // MariaDB may leave the definitions out when the client knows them.
    const withoutDefinitions = lenencEnd < end && bytes[lenencEnd] === 0;
    this.#stage = withoutDefinitions ? 'rows' : 'columns';
  }

  /** A row, the EOF before the rows, or what ends them. Rows never begin with fe, unless they are of 16 MiB. */
  #row(bytes: Buffer, start: number, end: number, length: number, first: number): void {
    if (first === 0xff) {
      this.#error(bytes, start, end);
      return;
    }
    if (first !== 0xfe || length === longestPacket) {
      this.#rows++;
      return;
    }
    const eof = length <= longestEof;
    const status = eof ? (end - start >= 5 ? u16(bytes, start + 3) : 0) : -1;
    // The EOF between definitions and rows; a second one, or an OK, ends the rows. With a cursor, rows come when they are fetched.
    if (eof && this.#hasRows && this.#rows === 0 && !this.#separated) {
      this.#separated = true;
      if ((status & cursorExists) === 0) return;
    }
    this.#message!.fact('rows', this.#sumRows + this.#rows);
    this.#sumRows += this.#rows;
    this.#rows = 0;
    this.#separated = false;
    this.#stage = 'first';
    this.#ok(bytes, start, end, length);
  }

  /** 00  id:4  columns:2  parameters:2 */
  #prepareOk(bytes: Buffer, start: number): void {
    const id = u32(bytes, start + 1);
    this.#message!.fact('requestId', id);
    this.#preparedId = id;
    this.#definitions = u16(bytes, start + 5) + u16(bytes, start + 7);
    if (this.#definitions === 0) this.#done();
    else this.#stage = 'prepared';
  }

  /** The rest of the answer will never be read: bytes of it were lost. */
  cut(): void {
    if (this.#message === null) return;
    this.#message.complete = false;
    this.#done();
  }

  #done(): void {
    const message = this.#message!;
    const state = this.#state;
    this.forget();
    state.sendsFile = false;
    if (message.status === '') {
      message.status = 'ok';
      message.statusCode = 0;
    }
    const expected = state.expected.shift();
    if (expected !== undefined) this.#settle(expected, message);
    this.#session.emit(message);
  }

  /** What a successful command changed. */
  #settle({ command, statement, text, namespace }: Expected, message: Message): void {
    if (message.status !== 'ok') return;
    const state = this.#state;
    if (namespace !== '') state.namespace = namespace;
    if (command.answer === 'prepare' && statement !== null) state.prepare(this.#preparedId, { text, statement });
    if (command.answer !== 'auth') return;
    state.authenticating = false;
    const both = state.clientCapabilities & state.serverCapabilities;
    state.compressed = (both & (capabilities.compress | capabilities.zstd)) !== 0;
  }
}
