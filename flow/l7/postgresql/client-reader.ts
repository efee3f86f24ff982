/**
 * Reads what a PostgreSQL client sends. Messages that lead to one Execute are one call:
 *
 *   Query, FunctionCall                                    one call each
 *   Parse ─► Bind ─► Describe ─► Execute                   one call, from the first of them that is there to Execute
 *   Parse, Describe, Close  up to Sync or Flush            one call, when nothing is executed
 */
import type { Statement } from '../../sql/statement.ts';
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost } from '../protocol.ts';
import type { Session } from '../session.ts';
import { noteEndpoint, noteStatement, SqlDetail } from '../sql-call.ts';
import { utf8, zeroEnd } from '../text.ts';
import { type PostgresqlState, remember } from './state.ts';
import { headerBytes, longestStartup, readText, startupCodes, u32 } from './wire.ts';

const longestStatement = 32 * 1024;
const longestOther = 1024;
const longestMessage = 0x3fffffff;

export class ClientReader {
  readonly #session: Session;
  readonly #state: PostgresqlState;
  readonly #maxText: number;
  /** The call that is being put together, and the acknowledgements it will get. */
  #open: Message | null = null;
  #steps = 0;
  #statement: Statement | null = null;
  #named = false;

  constructor(session: Session, state: PostgresqlState) {
    this.#session = session;
    this.#state = state;
    this.#maxText = Math.min(longestStatement, session.options.maxText);
  }

  forget(): void {
    this.#open = null;
  }

  read(input: Input): number {
    const { bytes, start, end } = input;
    const type = bytes[start]!;
    if (type === 0) return this.#startup(input);
    if (end - start < headerBytes) return input.full ? lost : start;
    const length = u32(bytes, start + 1);
    if (length < 4 || length > longestMessage) return lost;
    const next = start + 1 + length;
    const needed = type === 0x51 || type === 0x50 ? longestStatement : longestOther;
    if (end < Math.min(next, start + needed) && !input.full) return start;
    const known = this.#message(input, type, start + headerBytes, Math.min(next, end));
    return known ? next : lost;
  }

  #message(input: Input, type: number, at: number, end: number): boolean {
    const { bytes } = input;
    switch (type) {
      case 0x51: // Query
        this.#close('steps');
        this.#begin(input, 'simple_query');
        this.#query(utf8(bytes, at, zeroEnd(bytes, at, end), this.#maxText));
        this.#close('ready');
        return true;
      case 0x50: // Parse
        this.#parse(input, at, end);
        return true;
      case 0x42: // Bind
        this.#bind(input, at, end);
        return true;
      case 0x44: // Describe
        this.#step(input, 'describe', at, end);
        return true;
      case 0x43: // Close
        this.#closing(input, at, end);
        return true;
      case 0x45: // Execute
        this.#execute(input, at, end);
        return true;
      case 0x53: // Sync
        this.#close('steps');
        this.#state.add({ kind: 'sync', ends: 'ready', steps: 0, single: false });
        return true;
      case 0x48: // Flush
        this.#close('steps');
        return true;
      case 0x46: // FunctionCall
        this.#close('steps');
        this.#begin(input, 'function_call');
        if (end - at >= 4) this.#open!.resource = String(u32(bytes, at));
        this.#close('ready');
        return true;
      case 0x58: {
        // Terminate
        const message = this.#session.begin('session', input);
        message.method = 'terminate';
        this.#session.emit(message);
        return true;
      }
      case 0x70: // password, SASL
      case 0x64: // CopyData
      case 0x63: // CopyDone
      case 0x66: // CopyFail
        return true;
      default:
        return false;
    }
  }

  #begin(input: Input, method: string): void {
    this.#open = this.#session.begin('request', input);
    this.#open.method = method;
    this.#steps = 0;
    this.#statement = null;
    this.#named = false;
  }

  #query(text: string): void {
    this.#statement = noteStatement(this.#open!, text, 'postgresql', this.#session.options);
  }

  /** name 0  statement 0  … */
  #parse(input: Input, at: number, end: number): void {
    const { bytes } = input;
    this.#close('steps');
    this.#begin(input, 'parse');
    const name = readText(bytes, at, end);
    const text = zeroEnd(bytes, at, end) + 1;
    if (text < end) this.#query(utf8(bytes, text, zeroEnd(bytes, text, end), this.#maxText));
    this.#named = name !== '';
    if (this.#statement !== null)
      remember(this.#state.statements, name, { text: this.#open!.resource, statement: this.#statement });
    this.#steps = 1;
  }

  /** portal 0  statement 0  … */
  #bind(input: Input, at: number, end: number): void {
    const { bytes } = input;
    const portal = readText(bytes, at, end);
    const name = readText(bytes, zeroEnd(bytes, at, end) + 1, end);
    const prepared = this.#state.statements.get(name);
    // A batch binds one statement again and again: every Bind but the one after its Parse begins a call.
    if (this.#open !== null && this.#open.method !== 'parse') this.#close('steps');
    if (this.#open === null) this.#begin(input, 'bind');
    if (this.#statement === null && prepared !== undefined) {
      this.#statement = prepared.statement;
      this.#open!.resource = prepared.text;
      noteEndpoint(this.#open!, prepared.statement);
    }
    if (this.#named && name !== '') this.#open!.fact('statement', name);
    remember(this.#state.portals, portal, prepared);
    this.#steps++;
  }

  /** kind:1  name 0 */
  #step(input: Input, method: string, at: number, end: number): void {
    if (this.#open === null) {
      this.#begin(input, method);
      const { bytes } = input;
      const map = bytes[at] === 0x53 ? this.#state.statements : this.#state.portals;
      const prepared = map.get(readText(bytes, at + 1, end));
      if (prepared !== undefined) {
        this.#statement = prepared.statement;
        this.#open!.resource = prepared.text;
        noteEndpoint(this.#open!, prepared.statement);
      }
    }
    this.#steps++;
  }

  #closing(input: Input, at: number, end: number): void {
    const { bytes } = input;
    if (this.#open !== null && this.#open.method !== 'close') this.#close('steps');
    this.#step(input, 'close', at, end);
    (bytes[at] === 0x53 ? this.#state.statements : this.#state.portals).delete(readText(bytes, at + 1, end));
  }

  /** portal 0  rows:4 */
  #execute(input: Input, at: number, end: number): void {
    if (this.#open !== null && this.#open.method === 'close') this.#close('steps');
    if (this.#open === null) {
      this.#begin(input, 'execute');
      const prepared = this.#state.portals.get(readText(input.bytes, at, end));
      if (prepared !== undefined) {
        this.#statement = prepared.statement;
        this.#open!.resource = prepared.text;
        noteEndpoint(this.#open!, prepared.statement);
      }
    }
    this.#close('complete');
  }

  /** The call is complete as far as the client sends it. */
  #close(ends: 'ready' | 'complete' | 'steps'): void {
    const message = this.#open;
    if (message === null) return;
    this.#open = null;
    const { options } = this.#session;
    message.detail = new SqlDetail(this.#statement, this.#state.namespace, 'postgresql', !options.obfuscate);
    const single = message.method === 'simple_query' && isSingle(message.resource);
    this.#state.add({ kind: 'call', ends, steps: this.#steps, single });
    this.#session.emit(message);
  }

  /** length:4  code:4  then of a start-up: name 0 value 0 …  0 */
  #startup(input: Input): number {
    const { bytes, start, end } = input;
    if (end - start < 8) return input.full ? lost : start;
    const length = u32(bytes, start);
    const code = u32(bytes, start + 4);
    if (length < 8 || length > longestStartup) return lost;
    const next = start + length;
    if (next > end) return input.full ? lost : start;
    switch (code) {
      case startupCodes.ssl:
      case startupCodes.gss:
        this.#state.asksEncryption = true;
        return next;
      case startupCodes.cancel: {
        const message = this.#session.begin('session', input);
        message.method = 'cancel_request';
        this.#session.emit(message);
        return next;
      }
      default:
        if (code >>> 16 !== startupCodes.major) return lost;
    }
    this.#begin(input, 'startup');
    const message = this.#open!;
    message.version = `${code >>> 16}.${code & 0xffff}`;
    this.#parameters(message, bytes, start + 8, next);
    this.#close('ready');
    return next;
  }

  #parameters(message: Message, bytes: Buffer, start: number, end: number): void {
    let at = start;
    let user = '';
    let namespace = '';
    while (at < end && bytes[at] !== 0) {
      const name = readText(bytes, at, end);
      at = zeroEnd(bytes, at, end) + 1;
      const value = readText(bytes, at, end);
      at = zeroEnd(bytes, at, end) + 1;
      if (name === 'user') user = value;
      else if (name === 'database') namespace = value;
    }
    if (user !== '') message.fact('user', user);
    this.#state.namespace = namespace || user;
    if (this.#state.namespace !== '') message.fact('database', this.#state.namespace);
  }
}

/** Whether there is no semicolon but at the end; one in a literal only makes the answer wait for ReadyForQuery. */
function isSingle(text: string): boolean {
  const semicolon = text.indexOf(';');
  if (semicolon < 0) return true;
  for (let at = semicolon + 1; at < text.length; at++) if (text.charCodeAt(at) > 0x20) return false;
  return true;
}
