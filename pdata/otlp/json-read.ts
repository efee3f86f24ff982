/**
 * OTLP JSON into OTLP protobuf, from the message table: the text becomes a tape, and the tape is written from its end
 * to its start, so that lengths are known when they are due and no object is made.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and protobuf's JSON mapping.
 */
import { MalformedOtlp } from '../errors.ts';
import { maxDepth } from './attributes.ts';
import { integer, parseInteger, parseReal, real } from './json-number.ts';
import { type FieldPlan, type MessagePlan, maxFields } from './json-plan.ts';
import { type JsonTape, scanJson } from './json-scan.ts';
import { decodeBase64, decodeHex, unescapeJson } from './json-string.ts';
import { BackwardWriter, grown } from './wire-format.ts';

/**
 * Reads `body`, one JSON object, as the message `plan` and returns it as protobuf, fields in ascending order.
 *
 * Unknown fields are ignored, `null` is an absent field, and the last of several equal names or oneof variants wins.
 * Text that is not UTF-8 is kept as it is, as in protobuf. Throws {@link MalformedOtlp} with the path of the field.
 */
export function readJson(plan: MessagePlan, body: Uint8Array): Uint8Array {
  return new JsonReader(plan, scanJson(body)).read();
}

const noToken = -1;

class JsonReader {
  readonly #plan: MessagePlan;
  readonly #tape: JsonTape;
  readonly #out: BackwardWriter;
  /** For each level of messages, the token of each field's value. */
  #values = new Int32Array(32 * maxFields).fill(noToken);
  /** Tokens of the elements of the arrays being written, the innermost array last. */
  #elements = new Int32Array(64);
  #elementCount = 0;
  /** The field being written on each level, for error messages; and which of its elements, or -1. */
  readonly #path: FieldPlan[] = [];
  readonly #pathIndex: number[] = [];
  /** Text without its escapes, and decoded bytes. */
  #scratch: Uint8Array = new Uint8Array(256);
  #scratch2: Uint8Array = new Uint8Array(256);

  constructor(plan: MessagePlan, tape: JsonTape) {
    this.#plan = plan;
    this.#tape = tape;
    this.#out = new BackwardWriter(tape.body.length, 0, 0, 0);
  }

  read(): Uint8Array {
    this.#message(this.#plan, 0, 0, -1);
    // A copy of the right size: the batch may live long in a queue.
    return new Uint8Array(this.#out.finish());
  }

  #message(plan: MessagePlan, token: number, level: number, valueDepth: number): void {
    if (this.#tape.kind(token) !== 0x7b) this.#fail(level, token, 'an object is expected');
    if (plan.nests && ++valueDepth > maxDepth) {
      this.#fail(level, token, `values are nested deeper than ${maxDepth}`);
    }
    const base = level * maxFields;
    this.#findFields(plan, token, base);
    for (let i = plan.fields.length - 1; i >= 0; i--) {
      const value = this.#values[base + i]!;
      if (value === noToken) continue;
      const field = plan.fields[i]!;
      this.#path[level] = field;
      this.#pathIndex[level] = -1;
      if (field.repeated) this.#repeated(field, value, level, valueDepth);
      else this.#value(field, value, level, valueDepth, field.presence);
    }
  }

  /** Finds the token of each field's value in the object `token`; they are kept from `base` in `#values`. */
  #findFields(plan: MessagePlan, token: number, base: number): void {
    const tape = this.#tape;
    const fields = plan.fields;
    if (this.#values.length < base + maxFields) this.#values = grown(this.#values, this.#values.length * 2);
    const values = this.#values.fill(noToken, base, base + fields.length);
    const end = tape.end[token]!;
    let expected = 0;
    for (let name = token + 1; name < end; name = tape.after(name + 1)) {
      const field = this.#findField(fields, name, expected);
      if (field === null) continue;
      expected = field.index + 1;
      const isNull = tape.kind(name + 1) === 0x6e;
      if (field.oneof !== '' && !isNull) {
        for (const other of fields) if (other.oneof === field.oneof) values[base + other.index] = noToken;
      }
      values[base + field.index] = isNull ? noToken : name + 1;
    }
  }

  /** The field named by the token `name`; looks first at the one after the last found, for senders keep the order. */
  #findField(fields: readonly FieldPlan[], name: number, expected: number): FieldPlan | null {
    const tape = this.#tape;
    let b = tape.body;
    let start = tape.start[name]! + 1;
    let end = tape.end[name]!;
    if (end < 0) {
      end = this.#unescape(start, ~end);
      start = 0;
      b = this.#scratch;
    }
    const length = end - start;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[expected < fields.length ? expected : 0]!;
      if (same(b, start, length, field.jsonNameBytes) || same(b, start, length, field.protoNameBytes)) return field;
      expected = field.index + 1;
    }
    return null;
  }

  #repeated(field: FieldPlan, array: number, level: number, valueDepth: number): void {
    const tape = this.#tape;
    if (tape.kind(array) !== 0x5b) this.#fail(level + 1, array, 'an array is expected');
    const first = this.#elementCount;
    for (let token = array + 1; token < tape.end[array]!; token = tape.after(token)) {
      if (this.#elementCount === this.#elements.length) this.#elements = grown(this.#elements, 2 * this.#elementCount);
      this.#elements[this.#elementCount++] = token;
    }
    const mark = this.#out.length;
    while (this.#elementCount > first) {
      const token = this.#elements[--this.#elementCount]!;
      this.#pathIndex[level] = this.#elementCount - first;
      this.#value(field, token, level, valueDepth, true);
    }
    if (field.packed && this.#out.length > mark) this.#out.close(field.tag, mark);
  }

  /** Writes one value with its tag; a zero only when `always`. An element of a packed field goes without tag. */
  #value(field: FieldPlan, token: number, level: number, valueDepth: number, always: boolean): void {
    const out = this.#out;
    switch (field.kind) {
      case 'message': {
        const mark = out.length;
        // A null element counts: dropping it would move the others. The Go Collector reads it as an empty message, too.
        if (this.#tape.kind(token) !== 0x6e) this.#message(field.message!, token, level + 1, valueDepth);
        out.close(field.tag, mark);
        return;
      }
      case 'string':
        this.#string(field, token, level, always);
        return;
      case 'bytes':
      case 'id':
        this.#bytes(field, token, level, always);
        return;
      case 'bool': {
        const kind = this.#tape.kind(token);
        if (kind !== 0x74 && kind !== 0x66) this.#fail(level + 1, token, 'true or false is expected');
        if (kind === 0x66 && !always) return;
        out.varint(kind === 0x74 ? 1 : 0);
        break;
      }
      case 'double':
        this.#double(token, level);
        if (!always && Object.is(real.value, 0)) return;
        doubleView.setFloat64(0, real.value, true);
        out.word64(doubleView.getInt32(0, true), doubleView.getInt32(4, true));
        break;
      default:
        if (field.kind === 'enum' && this.#enumName(field, token, level)) {
          if (integer.lo === 0 && !always) return;
          out.uvarint(integer.lo);
          break;
        }
        this.#integer(field, token, level);
        if (!always && integer.lo === 0 && integer.hi === 0) return;
        this.#writeInteger(field);
    }
    if (!field.packed) out.uvarint(field.tag);
  }

  #string(field: FieldPlan, token: number, level: number, always: boolean): void {
    const tape = this.#tape;
    if (tape.kind(token) !== 0x22) this.#fail(level + 1, token, 'a string is expected');
    const start = tape.start[token]! + 1;
    const end = tape.end[token]!;
    if (end < 0) {
      const length = this.#unescape(start, ~end);
      this.#out.slice(field.tag, this.#scratch, 0, length);
    } else if (end > start || always) this.#out.slice(field.tag, tape.body, start, end - start);
  }

  #bytes(field: FieldPlan, token: number, level: number, always: boolean): void {
    const tape = this.#tape;
    if (tape.kind(token) !== 0x22) this.#fail(level + 1, token, 'a string is expected');
    let b = tape.body;
    let start = tape.start[token]! + 1;
    let end = tape.end[token]!;
    if (end < 0) {
      end = this.#unescape(start, ~end);
      start = 0;
      b = this.#scratch;
    }
    if (this.#scratch2.length < end - start) this.#scratch2 = new Uint8Array(2 * (end - start));
    const decode = field.kind === 'id' ? decodeHex : decodeBase64;
    const length = decode(b, start, end, this.#scratch2);
    if (field.kind === 'id') {
      if (length !== 0 && length !== field.idLength) {
        const base64 = end - start === 4 * Math.ceil(field.idLength / 3);
        const what = base64 ? 'this looks like base64, which OTLP JSON does not use for ids' : `not ${end - start}`;
        this.#fail(level + 1, token, `${2 * field.idLength} hex digits are expected, ${what}`);
      }
    } else if (length < 0) this.#fail(level + 1, token, 'base64 is expected');
    if (length > 0 || always) this.#out.slice(field.tag, this.#scratch2, 0, length);
  }

  /** Puts the text in `[start, end)` without escapes into `#scratch`, which may be a new one, and returns its length. */
  #unescape(start: number, end: number): number {
    if (this.#scratch.length < end - start) this.#scratch = new Uint8Array(2 * (end - start));
    return unescapeJson(this.#tape.body, start, end, this.#scratch);
  }

  #double(token: number, level: number): void {
    const text = this.#scalarText(token);
    if (text === null) this.#fail(level + 1, token, 'a number is expected');
    if (!parseReal(text)) this.#fail(level + 1, token, 'a double, "NaN", "Infinity" or "-Infinity" is expected');
  }

  /** True when the value is one of the enum's names, whose number is then in {@link integer}. */
  #enumName(field: FieldPlan, token: number, level: number): boolean {
    if (this.#tape.kind(token) !== 0x22) return false;
    const text = this.#scalarText(token)!;
    const number = field.enumNames.indexOf(text);
    if (number < 0) {
      if (/^-?\d/.test(text)) return false;
      this.#fail(level + 1, token, `a number or one of ${field.enumNames.join(', ')} is expected`);
    }
    integer.lo = number;
    return true;
  }

  /** A number's digits or a string's content; null for other kinds of value. */
  #scalarText(token: number): string | null {
    const tape = this.#tape;
    const kind = tape.kind(token);
    const end = tape.end[token]!;
    if (kind === 0x22) {
      const start = tape.start[token]! + 1;
      if (end < 0) {
        const length = this.#unescape(start, ~end);
        return text(this.#scratch, 0, length);
      }
      return text(tape.body, start, end);
    }
    return isNumber(kind) ? text(tape.body, tape.start[token]!, end) : null;
  }

  /** Leaves the value in {@link integer}, checked against the range of the field's kind. */
  #integer(field: FieldPlan, token: number, level: number): void {
    const tape = this.#tape;
    const kind = tape.kind(token);
    let b = tape.body;
    let start = tape.start[token]!;
    let end = tape.end[token]!;
    if (kind === 0x22) {
      start++;
      if (end < 0) {
        end = this.#unescape(start, ~end);
        start = 0;
        b = this.#scratch;
      }
    } else if (!isNumber(kind)) this.#fail(level + 1, token, 'an integer is expected');
    if (!parseInteger(b, start, end) || !inRange(field)) {
      this.#fail(level + 1, token, `an integer of type ${field.kind === 'enum' ? 'int32' : field.kind} is expected`);
    }
  }

  /** Writes {@link integer} without tag. */
  #writeInteger(field: FieldPlan): void {
    const out = this.#out;
    let { lo, hi } = integer;
    if (integer.negative) {
      lo = -lo >>> 0;
      hi = (~hi + (lo === 0 ? 1 : 0)) >>> 0;
    }
    switch (field.kind) {
      case 'sint32':
        out.uvarint(((lo << 1) ^ (lo >> 31)) >>> 0);
        break;
      case 'fixed32':
        out.word(lo);
        break;
      case 'fixed64':
      case 'sfixed64':
        out.word64(lo, hi);
        break;
      default:
        out.varint64(lo, hi);
    }
  }

  /** Throws, naming the field by the first `steps` levels of the path. */
  #fail(steps: number, token: number, what: string): never {
    let path = '';
    for (let level = 0; level < steps; level++) {
      const index = this.#pathIndex[level]!;
      path += `${level > 0 ? '.' : ''}${this.#path[level]!.jsonName}${index >= 0 ? `[${index}]` : ''}`;
    }
    throw new MalformedOtlp(`${path || this.#plan.name}: ${what}, at byte ${this.#tape.start[token]}`);
  }
}

const doubleView = new DataView(new ArrayBuffer(8));

function text(b: Uint8Array, start: number, end: number): string {
  return Buffer.from(b.buffer, b.byteOffset + start, end - start).toString('latin1');
}

function isNumber(kind: number): boolean {
  return kind === 0x2d || (kind >= 0x30 && kind <= 0x39);
}

function same(b: Uint8Array, start: number, length: number, name: Uint8Array): boolean {
  if (length !== name.length) return false;
  for (let i = 0; i < length; i++) if (b[start + i] !== name[i]) return false;
  return true;
}

/** Whether {@link integer} is a value of the field's kind. */
function inRange(field: FieldPlan): boolean {
  const { lo, hi, negative } = integer;
  switch (field.kind) {
    case 'enum':
    case 'int32':
    case 'sint32':
      return hi === 0 && lo <= (negative ? 0x80000000 : 0x7fffffff);
    case 'uint32':
    case 'fixed32':
      return hi === 0 && !negative;
    case 'uint64':
    case 'fixed64':
      return !negative;
    default:
      return hi < 0x80000000 || (negative && hi === 0x80000000 && lo === 0);
  }
}
