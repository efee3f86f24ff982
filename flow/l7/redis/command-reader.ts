/**
 * Reads what a Redis client sends, argument by argument, so that a command of any length needs no more than its shown part in the window.
 *
 *   *<count>\r\n  then <count> times  $<length>\r\n<bytes>\r\n      or inline:  <words separated by blanks>\r\n
 */
import type { Input } from '../input.ts';
import type { Message } from '../message.ts';
import { lost } from '../protocol.ts';
import type { Session } from '../session.ts';
import { interned, utf8 } from '../text.ts';
import { argumentKind, type Command, commandOf } from './commands.ts';
import type { RedisState } from './parser.ts';
import { findLineEnd, longestNumberLine, number, readNumber } from './resp.ts';

/** Bytes of one argument, and of a whole command, that are looked at. */
const shownArgument = 4096;
const shownCommand = 16_384;
/** The server's own limits: arguments of a command; bytes of an argument by default are 512 MiB, but may be set higher. */
const maxArguments = 0x7fffffff;
const maxBulk = 0xffffffff;
const longestInline = 64 * 1024;

export class CommandReader {
  readonly #session: Session;
  readonly #state: RedisState;
  readonly #obfuscate: boolean;
  readonly #maxShown: number;
  #message: Message | null = null;
  #command: Command = commandOf('');
  /** Arguments still to come, the name included, and the number of the next. */
  #left = 0;
  #index = 0;
  /** Command line as sent, and as it may be shown. */
  #plain = '';
  #shown = '';
  /** Arguments from here are secrets, so many. */
  #secrets = 0;
  #second = '';

  constructor(session: Session, state: RedisState) {
    this.#session = session;
    this.#state = state;
    this.#obfuscate = session.options.obfuscate;
    this.#maxShown = Math.min(shownCommand, session.options.maxText);
  }

  forget(): void {
    this.#left = 0;
    this.#message = null;
  }

  read(input: Input): number {
    const { bytes, end } = input;
    let at = input.start;
    if (this.#left === 0) {
      if (bytes[at] !== 0x2a) return this.#readInline(input);
      const next = readNumber(bytes, at + 1, end);
      if (next <= 0) return next < 0 ? lost : at;
      if (number > maxArguments) return lost;
      // An empty command is nothing, to the server too.
      if (number <= 0) return next;
      this.#begin(input, number);
      at = next;
    }
    while (at < end) {
      if (bytes[at] !== 0x24) return lost;
      const data = readNumber(bytes, at + 1, end);
      if (data < 0 || (data === 0 && end - at > longestNumberLine)) return lost;
      if (data === 0) return at;
      const length = number;
      if (length < 0 || length > maxBulk) return lost;
      const wanted = this.#plain.length < this.#maxShown ? Math.min(length, shownArgument) : 0;
      if (end - data < wanted && !input.full) return at;
      this.#argument(bytes, data, Math.min(data + wanted, end), length > wanted);
      at = data + length + 2;
      if (at <= end && bytes[at - 2] !== 0x0d) return lost;
      if (--this.#left === 0) {
        this.#finish(input);
        return at;
      }
    }
    return at;
  }

  #begin(input: Input, count: number): void {
    this.#message = this.#session.begin('request', input);
    this.#left = count;
    this.#index = 0;
    this.#plain = '';
    this.#shown = '';
    this.#secrets = 0;
    this.#second = '';
  }

  #argument(bytes: Buffer, start: number, end: number, cut: boolean): void {
    const index = this.#index++;
    if (index === 0) {
      const name = interned.get(bytes, start, end);
      this.#command = commandOf(name);
      this.#message!.method = name;
      this.#plain = name;
      this.#shown = name;
      return;
    }
    const command = this.#command;
    if (this.#secrets > 0 || argumentKind(command, index - 1) === 's') {
      if (this.#secrets > 0) this.#secrets--;
      this.#hide(true);
      return;
    }
    if (end === start && cut) return;
    const text = cut ? `${utf8(bytes, start, end)}…` : utf8(bytes, start, end);
    this.#plain += ` ${text}`;
    if (this.#obfuscate && argumentKind(command, index - 1) === '?') this.#hide(false);
    else this.#shown += ` ${text}`;
    if (command.effect !== '') this.#note(index, text);
  }

  /** One `?` stands for any number of arguments in a row. */
  #hide(secret: boolean): void {
    if (secret) this.#plain += ' ?';
    if (!this.#shown.endsWith(' ?')) this.#shown += ' ?';
  }

  /** Arguments that tell which others are secrets, or what changes for the connection. */
  #note(index: number, text: string): void {
    switch (this.#command.effect) {
      case 'hello':
        if (text.toUpperCase() === 'AUTH') this.#secrets = 2;
        break;
      case 'migrate': {
        const word = text.toUpperCase();
        if (word === 'AUTH') this.#secrets = 1;
        else if (word === 'AUTH2') this.#secrets = 2;
        break;
      }
      case 'config': {
        const word = text.toLowerCase();
        if (word === 'requirepass' || word === 'masterauth' || word.endsWith('-pass')) this.#secrets = 1;
        break;
      }
      default:
        if (index === 1) this.#second = text;
        else if (index === 2 && this.#command.effect === 'client') this.#second += ` ${text}`;
    }
  }

  #finish(input: Input): void {
    const message = this.#message!;
    this.#message = null;
    message.timeNs = input.timeNs;
    message.frame = input.frame;
    message.resource = this.#plain;
    if (this.#shown !== this.#plain) message.fact('shown', this.#shown);
    const state = this.#state;
    if (state.namespace !== '') message.fact('namespace', state.namespace);
    if (state.silent || state.skipOne) {
      message.kind = 'session';
      state.skipOne = false;
    }
    if (this.#command.effect !== '') this.#apply(message);
    else if (state.queued >= 0) state.queued++;
    this.#session.emit(message);
  }

  #apply(message: Message): void {
    const state = this.#state;
    switch (this.#command.effect) {
      case 'subscribe':
        state.subscribed = true;
        message.fact('channels', this.#index - 1);
        break;
      case 'unsubscribe':
        message.fact('channels', this.#index - 1);
        break;
      case 'monitor':
        state.monitoring = true;
        break;
      case 'select':
        message.fact('select', this.#second);
        break;
      case 'multi':
        state.queued = 0;
        break;
      case 'exec':
        if (state.queued >= 0) message.fact('queued', state.queued);
        state.queued = -1;
        break;
      case 'discard':
        state.queued = -1;
        break;
      case 'replicate':
        message.fact('replicate', true);
        break;
      case 'client':
        this.#clientReply(message);
        break;
      default:
    }
  }

  #clientReply(message: Message): void {
    const state = this.#state;
    switch (this.#second.toUpperCase()) {
      case 'REPLY OFF':
        state.silent = true;
        message.kind = 'session';
        break;
      case 'REPLY SKIP':
        state.skipOne = !state.silent;
        message.kind = 'session';
        break;
      case 'REPLY ON':
        state.silent = false;
        message.kind = 'request';
        break;
      default:
    }
  }

  /** `PING\r\n`: a command as a person types it. */
  #readInline(input: Input): number {
    const { bytes, start, end } = input;
    const lineEnd = findLineEnd(bytes, start, end);
    if (lineEnd < 0) {
      // The server takes a bare \n too.
      const newline = findNewline(bytes, start, end);
      if (newline >= 0) return this.#inline(input, newline, newline + 1);
      return input.full || end - start > longestInline || !printable(bytes, start, end) ? lost : start;
    }
    return this.#inline(input, lineEnd, lineEnd + 2);
  }

  #inline(input: Input, lineEnd: number, next: number): number {
    const { bytes, start } = input;
    if (!printable(bytes, start, lineEnd)) return lost;
    this.#begin(input, 1);
    let at = start;
    while (at < lineEnd) {
      while (at < lineEnd && bytes[at]! <= 0x20) at++;
      const word = at;
      while (at < lineEnd && bytes[at]! > 0x20) at++;
      if (at > word && this.#plain.length < this.#maxShown)
        this.#argument(bytes, word, Math.min(at, word + shownArgument), at - word > shownArgument);
    }
    this.#left = 0;
    if (this.#index > 0) this.#finish(input);
    else this.#message = null;
    return next;
  }
}

function findNewline(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === 0x0a) return at;
  return -1;
}

function printable(bytes: Buffer, start: number, end: number): boolean {
  const checked = Math.min(end, start + 1024);
  for (let at = start; at < checked; at++)
    if (bytes[at]! < 0x20 && bytes[at] !== 0x09 && bytes[at] !== 0x0d) return false;
  return true;
}
