/** Reads one OpenWire command, in the tight or the loose encoding, and keeps the fields that are wanted. */
import { utf8, word } from '../text.ts';
import { codes, dataTypes, type Field } from './types.ts';
import type { WireFormat } from './wire-format.ts';

const maxDepth = 8;
const maxElements = 1024;
/** Values kept of one side; ActiveMQ's default is 1024, at most 16383. */
const maxCached = 16_384;

/** What a cached object says: a destination's name, or the connection of an id. */
export interface Cached {
  readonly code: number;
  readonly text: string;
}

/*
 * Loose: type (1), then every field in full: booleans a byte, long 8, string and objects behind a byte that says whether they are there.
 * Tight: type (1), all booleans of the command as bits behind their number of bytes (1; 0xC0 + 1; 0x80 + 2), then the fields; the bits say what is
 * there and how long it is: a long has 0, 2, 4 or 8 bytes, a string may be ASCII.
 * A cached object comes with a number (2) the first time, then only the number.
 */
export class CommandReader {
  code = 0;
  commandId = -1;
  responseRequired = false;
  correlationId = -1;
  destination = '';
  destinationCode = 0;
  replyTo = '';
  connectionId = '';
  brokerUrl = '';
  clientId = '';
  subscription = '';
  jmsCorrelationId = '';
  messageId = '';
  errorClass = '';
  errorText = '';
  messageCount = -1;
  /** Inside MessageDispatch: type of the message, and whether its sender wanted an answer. */
  messageCode = 0;
  contentLength = -1;
  propertiesAt = 0;
  propertiesLength = -1;
  /** The bytes are not what they should be. */
  bad = false;
  /** They ended before the command did. */
  cut = false;
  /** Where reading ended. */
  at = 0;

  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  #tight = false;
  #version = 0;
  #stackTraces = false;
  #cache: Map<number, Cached> | null = null;
  #bits = 0;
  #bitsEnd = 0;
  #bit = 0;
  #elements = 0;
  #ended = false;

  /** Reads from the type at `start`; `cache` is null when values are not cached. */
  read(bytes: Buffer, start: number, end: number, format: WireFormat, cache: Map<number, Cached>): void {
    this.#clear();
    this.#bytes = bytes;
    this.at = start + 1;
    this.#end = end;
    this.#tight = format.tight;
    this.#version = format.version;
    this.#stackTraces = format.stackTraces;
    this.#cache = format.cached ? cache : null;
    this.code = bytes[start]!;
    const type = dataTypes[this.code];
    if (type === undefined || !type.isCommand) {
      this.#fail();
      return;
    }
    if (this.#tight) this.#bitStream();
    this.#fields(type.fields, this.code, 0);
  }

  #clear(): void {
    this.commandId = -1;
    this.responseRequired = false;
    this.correlationId = -1;
    this.destination = '';
    this.destinationCode = 0;
    this.replyTo = '';
    this.connectionId = '';
    this.brokerUrl = '';
    this.clientId = '';
    this.subscription = '';
    this.jmsCorrelationId = '';
    this.messageId = '';
    this.errorClass = '';
    this.errorText = '';
    this.messageCount = -1;
    this.messageCode = 0;
    this.contentLength = -1;
    this.propertiesAt = 0;
    this.propertiesLength = -1;
    this.bad = false;
    this.cut = false;
    this.#elements = 0;
    this.#ended = false;
    this.#bits = 0;
    this.#bitsEnd = 0;
    this.#bit = 0;
  }

  /** Reads an object's fields; returns the text that stands for it: a name, a connection. */
  #fields(fields: readonly Field[], code: number, depth: number): string {
    let text = '';
    for (const { type, name, since } of fields) {
      if (since > this.#version) continue;
      if (this.#ended) return text;
      switch (type) {
        case 'B':
          if (this.#boolean() && name === 'responseRequired') this.responseRequired = true;
          break;
        case 'b':
          this.#move(1);
          break;
        case 'i':
          this.#int(name);
          break;
        case 'l':
          this.#long();
          break;
        case 's':
          if (name === 'connection' || name === 'physicalName' || name === 'value') text = this.#string();
          else this.#named(name, this.#string());
          break;
        case 'y':
          this.#byteSequence(name);
          break;
        case 'c':
          text = this.#cached(name, depth) || text;
          break;
        case 'n':
          this.#note(name, this.#nested(depth));
          break;
        case 'a':
          this.#array(depth);
          break;
        default:
          this.#exception(code, 0);
      }
    }
    return text;
  }

  #int(name: string): void {
    if (!this.#has(4)) return;
    const value = this.#bytes.readInt32BE(this.at);
    this.at += 4;
    // The command inside a dispatch has the numbers that its sender gave it; a dispatch itself has none of its own.
    if (name === 'commandId') {
      if (this.commandId <= 0) this.commandId = value;
    } else if (name === 'correlationId') this.correlationId = value;
    else if (name === 'messageCount') this.messageCount = value;
  }

  #long(): void {
    if (!this.#tight) {
      this.#move(8);
      return;
    }
    // Two bits: 00 nothing, 01 two bytes, 10 four, 11 eight.
    const large = this.#nextBit();
    const larger = this.#nextBit();
    if (large) this.#move(larger ? 8 : 4);
    else if (larger) this.#move(2);
  }

  #string(): string {
    if (!this.#boolean()) return '';
    // Whether it is ASCII: nothing that matters here.
    if (this.#tight) this.#nextBit();
    if (!this.#has(2)) return '';
    const start = this.at + 2;
    const next = start + this.#bytes.readUInt16BE(this.at);
    if (!this.#goTo(next)) return '';
    return next - start > 1024 ? utf8(this.#bytes, start, next, 1024) : word(this.#bytes, start, next);
  }

  #named(name: string, text: string): void {
    switch (name) {
      case 'brokerUrl':
        if (this.brokerUrl === '') this.brokerUrl = text;
        break;
      case 'clientId':
        this.clientId = text;
        break;
      case 'subscription':
        this.subscription = text;
        break;
      case 'jmsCorrelationId':
        this.jmsCorrelationId = text;
        break;
      case 'textView':
        this.messageId = text;
        break;
      default:
    }
  }

  #byteSequence(name: string): void {
    if (!this.#boolean() || !this.#has(4)) return;
    const length = this.#bytes.readInt32BE(this.at);
    if (length < 0) {
      this.#fail();
      return;
    }
    this.at += 4;
    if (name === 'content') this.contentLength = length;
    else if (name === 'properties') {
      this.propertiesAt = this.at;
      this.propertiesLength = Math.min(length, this.#end - this.at);
    }
    this.#move(length);
  }

  #cached(name: string, depth: number): string {
    const cache = this.#cache;
    if (cache === null) {
      const found = this.#nested(depth);
      this.#note(name, found);
      return found?.text ?? '';
    }
    const isNew = this.#boolean();
    if (!this.#has(2)) return '';
    const index = this.#bytes.readInt16BE(this.at);
    this.at += 2;
    let found: Cached | null;
    if (isNew) {
      found = this.#nested(depth);
      if (found !== null && index >= 0 && index < maxCached) cache.set(index, found);
    } else found = cache.get(index) ?? null;
    this.#note(name, found);
    return found?.text ?? '';
  }

  /** The last connection that is named counts: that of the message rather than that of the consumer. */
  #note(name: string, found: Cached | null): void {
    if (found === null) return;
    const { code, text } = found;
    if (code >= codes.firstDestination && code <= codes.lastDestination) {
      if (name === 'destination') {
        this.destination = text;
        this.destinationCode = code;
      } else if (name === 'replyTo') this.replyTo = text;
    } else if (code >= 110 && code <= 123 && text !== '') this.connectionId = text;
  }

  #nested(depth: number): Cached | null {
    if (!this.#boolean() || !this.#has(1)) return null;
    const code = this.#bytes[this.at++]!;
    const type = dataTypes[code];
    if (type === undefined || depth >= maxDepth) {
      this.#fail();
      return null;
    }
    if (type.aware) this.messageCode = code;
    if (!this.#tight || !type.aware || !this.#nextBit())
      return { code, text: this.#fields(type.fields, code, depth + 1) };
    // Marshalled before: its size, its type once more, booleans of its own.
    const outer = { bits: this.#bits, bitsEnd: this.#bitsEnd, bit: this.#bit };
    if (!this.#move(5)) return null;
    this.#bitStream();
    const text = this.#fields(type.fields, code, depth + 1);
    this.#bits = outer.bits;
    this.#bitsEnd = outer.bitsEnd;
    this.#bit = outer.bit;
    return { code, text };
  }

  #array(depth: number): void {
    if (!this.#boolean() || !this.#has(2)) return;
    const count = this.#bytes.readInt16BE(this.at);
    this.at += 2;
    for (let index = 0; index < count && !this.#ended; index++) {
      if (++this.#elements > maxElements) this.#fail();
      else this.#nested(depth);
    }
  }

  /** Class and text; behind them the stack and the cause, which nobody asks for. */
  #exception(code: number, depth: number): void {
    if (!this.#boolean()) return;
    const name = this.#string();
    const text = this.#string();
    if (depth === 0 && code !== codes.messageDispatch) {
      this.errorClass = name;
      this.errorText = text;
    }
    if (!this.#stackTraces || !this.#has(2)) return;
    const count = this.#bytes.readInt16BE(this.at);
    this.at += 2;
    for (let index = 0; index < count && !this.#ended; index++) {
      if (++this.#elements > maxElements) this.#fail();
      for (let part = 0; part < 3; part++) this.#string();
      this.#move(4);
    }
    if (depth < maxDepth) this.#exception(code, depth + 1);
    else this.#fail();
  }

  #boolean(): boolean {
    if (this.#tight) return this.#nextBit();
    if (!this.#has(1)) return false;
    const value = this.#bytes[this.at++]!;
    if (value > 1) this.#fail();
    return value === 1;
  }

  #bitStream(): void {
    if (!this.#has(1)) return;
    let length = this.#bytes[this.at++]!;
    if (length === 0xc0) length = this.#has(1) ? this.#bytes[this.at++]! : 0;
    else if (length === 0x80) {
      length = this.#has(2) ? this.#bytes.readUInt16BE(this.at) : 0;
      this.at += 2;
    } else if (length > 0x40) this.#fail();
    this.#bits = this.at;
    this.#bit = 0;
    this.#bitsEnd = this.at + length;
    this.#move(length);
  }

  #nextBit(): boolean {
    if (this.#ended) return false;
    if (this.#bits >= this.#bitsEnd) {
      this.#fail();
      return false;
    }
    const value = (this.#bytes[this.#bits]! >> this.#bit) & 1;
    if (++this.#bit === 8) {
      this.#bit = 0;
      this.#bits++;
    }
    return value === 1;
  }

  #has(size: number): boolean {
    if (!this.#ended && this.#end - this.at < size) {
      this.cut = true;
      this.#ended = true;
    }
    return !this.#ended;
  }

  #move(size: number): boolean {
    if (!this.#has(size)) return false;
    this.at += size;
    return true;
  }

  #goTo(position: number): boolean {
    return this.#move(position - this.at);
  }

  #fail(): void {
    this.bad = true;
    this.#ended = true;
  }
}
