/**
 * JSON text as a tape of tokens: two integers per value, no objects, no strings.
 *
 * JSON.parse would lose the digits of 64-bit numbers, copy every string twice and let a hostile body of brackets grow
 * thirtyfold; the tape keeps all digits and at most eight bytes for every two of the body.
 * Source: RFC 8259.
 */
import { MalformedOtlp } from '../errors.ts';
import { grown } from './wire-format.ts';

/** Deepest nesting of arrays and objects: what values at the limit of nesting need (about 165), and some. */
export const maxJsonDepth = 200;

/**
 * The tokens of a text in document order; an object is followed by its keys and values in turn, an array by its elements.
 *
 * Token `t` starts at byte `start[t]`, whose character tells its kind. `end[t]` is for numbers and literals the byte
 * after them, for strings the byte of the closing quote (`~end` when there are escapes), and for objects and arrays
 * the number of the token after their last one.
 */
export class JsonTape {
  readonly body: Uint8Array;
  start: Int32Array;
  end: Int32Array;
  length = 0;

  constructor(body: Uint8Array) {
    this.body = body;
    const capacity = 16 + (body.length >> 4);
    this.start = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
  }

  /** The first character of the token. */
  kind(token: number): number {
    return this.body[this.start[token]!]!;
  }

  /** The token after this one and all inside it. */
  after(token: number): number {
    const kind = this.kind(token);
    return kind === 0x7b || kind === 0x5b ? this.end[token]! : token + 1;
  }

  add(start: number, end: number): number {
    if (this.length === this.start.length) {
      this.start = grown(this.start, this.length * 2);
      this.end = grown(this.end, this.length * 2);
    }
    this.start[this.length] = start;
    this.end[this.length] = end;
    return this.length++;
  }
}

/** Reads one JSON text. Throws {@link MalformedOtlp}, which names the byte, when it is not valid JSON. */
export function scanJson(body: Uint8Array): JsonTape {
  const scanner = new Scanner(body);
  scanner.text();
  return scanner.tape;
}

class Scanner {
  readonly tape: JsonTape;
  readonly #body: Uint8Array;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.tape = new JsonTape(body);
  }

  text(): void {
    const body = this.#body;
    if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) this.#at = 3;
    this.#space();
    this.#value(0);
    this.#space();
    if (this.#at < body.length) this.#fail('the end of the text');
  }

  #value(depth: number): void {
    const body = this.#body;
    switch (body[this.#at]) {
      case 0x22:
        this.#string();
        break;
      case 0x7b:
        this.#object(depth + 1);
        break;
      case 0x5b:
        this.#array(depth + 1);
        break;
      case 0x74:
        this.#literal('true');
        break;
      case 0x66:
        this.#literal('false');
        break;
      case 0x6e:
        this.#literal('null');
        break;
      default:
        this.#number();
    }
  }

  #object(depth: number): void {
    const body = this.#body;
    const token = this.#open(depth);
    if (body[this.#at] !== 0x7d) {
      for (;;) {
        if (body[this.#at] !== 0x22) this.#fail('a quoted name');
        this.#string();
        this.#space();
        if (body[this.#at] !== 0x3a) this.#fail("':'");
        this.#at++;
        this.#space();
        this.#value(depth);
        this.#space();
        if (body[this.#at] !== 0x2c) break;
        this.#at++;
        this.#space();
      }
      if (body[this.#at] !== 0x7d) this.#fail("',' or '}'");
    }
    this.#at++;
    this.tape.end[token] = this.tape.length;
  }

  #array(depth: number): void {
    const body = this.#body;
    const token = this.#open(depth);
    if (body[this.#at] !== 0x5d) {
      for (;;) {
        this.#value(depth);
        this.#space();
        if (body[this.#at] !== 0x2c) break;
        this.#at++;
        this.#space();
      }
      if (body[this.#at] !== 0x5d) this.#fail("',' or ']'");
    }
    this.#at++;
    this.tape.end[token] = this.tape.length;
  }

  #open(depth: number): number {
    if (depth > maxJsonDepth) throw new MalformedOtlp(`JSON: nested deeper than ${maxJsonDepth}, at byte ${this.#at}`);
    const token = this.tape.add(this.#at++, 0);
    this.#space();
    return token;
  }

  #string(): void {
    const body = this.#body;
    const start = this.#at;
    let escapes = false;
    let p = start + 1;
    for (; ; p++) {
      const c = body[p];
      if (c === 0x22) break;
      if (c === 0x5c) {
        escapes = true;
        p = this.#escape(p + 1);
      } else if (c === undefined || c < 0x20) {
        this.#at = p;
        this.#fail('the end of a string');
      }
    }
    this.#at = p + 1;
    this.tape.add(start, escapes ? ~p : p);
  }

  /** Checks the escape whose letter is at `p`; returns the position of its last character. */
  #escape(p: number): number {
    const body = this.#body;
    switch (body[p]) {
      case 0x22:
      case 0x5c:
      case 0x2f:
      case 0x62:
      case 0x66:
      case 0x6e:
      case 0x72:
      case 0x74:
        return p;
      case 0x75:
        for (let i = 1; i <= 4; i++) {
          const c = body[p + i]!;
          const hex = (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66);
          if (!hex) {
            this.#at = p + i;
            this.#fail('four hex digits');
          }
        }
        return p + 4;
      default:
        this.#at = p;
        return this.#fail('an escape of JSON');
    }
  }

  #number(): void {
    const body = this.#body;
    const start = this.#at;
    if (body[this.#at] === 0x2d) this.#at++;
    if (body[this.#at] === 0x30) this.#at++;
    else this.#digits();
    if (body[this.#at] === 0x2e) {
      this.#at++;
      this.#digits();
    }
    if ((body[this.#at]! | 0x20) === 0x65) {
      this.#at++;
      const sign = body[this.#at];
      if (sign === 0x2b || sign === 0x2d) this.#at++;
      this.#digits();
    }
    this.tape.add(start, this.#at);
  }

  #digits(): void {
    const body = this.#body;
    const start = this.#at;
    while (body[this.#at]! >= 0x30 && body[this.#at]! <= 0x39) this.#at++;
    if (this.#at === start) this.#fail('a value');
  }

  #literal(text: string): void {
    const start = this.#at;
    for (let i = 0; i < text.length; i++, this.#at++) {
      if (this.#body[this.#at] !== text.charCodeAt(i)) this.#fail(text);
    }
    this.tape.add(start, this.#at);
  }

  #space(): void {
    const body = this.#body;
    for (;;) {
      const c = body[this.#at];
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #fail(expected: string): never {
    const at = this.#at;
    const c = this.#body[at];
    const found = c === undefined ? 'the text ends' : `there is ${JSON.stringify(String.fromCharCode(c))}`;
    throw new MalformedOtlp(`JSON: ${expected} expected at byte ${at}, but ${found}`);
  }
}
