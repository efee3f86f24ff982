/**
 * A slow and simple reader of OTLP, made from the published descriptors: says whether a message is acceptable, and what
 * it means, as text that two equal messages share.
 *
 * Where protobuf libraries differ, the collector and this reader do as follows.
 *
 * | case                                              | here                                                          |
 * |---------------------------------------------------|---------------------------------------------------------------|
 * | known field with another wire type                | refused, as by the Go Collector (protobuf: unknown field)     |
 * | repeated numbers packed or one by one             | both accepted                                                 |
 * | groups (wire types 3 and 4), wire types 6 and 7   | refused                                                       |
 * | field number 0                                    | refused                                                       |
 * | trace and span ids of a wrong length              | refused, as by the Go Collector (protobuf: any bytes)         |
 * | attribute values nested in more than 100 messages | refused                                                       |
 * | varints of more than ten bytes                    | refused                                                       |
 * | bits beyond 64, or beyond 32 of a 32-bit number   | dropped                                                       |
 * | lengths and tags written with more bytes than due | accepted, up to ten bytes                                     |
 * | a singular message twice                          | merged                                                        |
 * | variants of a oneof twice                         | the last wins whole, as in Go (protobuf merges equal messages)|
 * | a Metric with two data                            | refused (protobuf: the last wins)                             |
 * | text that is not UTF-8                            | accepted and kept; U+FFFD in JSON                             |
 * | an AnyValue with nothing in it                    | the same as none, except as an element of an ArrayValue       |
 */
import { type FieldFacts, type MessageFacts, messageFacts, wireTypeOf } from './descriptors.ts';

/** Why a message is refused. `framing` reasons are those that every protobuf library must see. */
export class Refused extends Error {
  readonly framing: boolean;

  constructor(what: string, framing: boolean) {
    super(what);
    this.framing = framing;
  }
}

export interface Meaning {
  text: string;
  /** As {@link text}, for what came through JSON: text is UTF-8 there and NaN has one form. */
  jsonText: string;
  /** The spans, log records, data points or profile samples in their order. */
  items: string[];
  /** Variants of a oneof came twice, one of them a message; protobuf libraries disagree about these. */
  oneofTwice: boolean;
  /** There is text that is not UTF-8, be it in a value that another replaces. */
  badText: boolean;
  /** A plain field holds minus zero, which Go and protobufjs' JSON take for zero, that is, for none. */
  minusZero: boolean;
  /** There is a NaN, whose bits do not survive in a JavaScript number. */
  nan: boolean;
  /** A zigzag number has bits beyond 32, which libraries drop before or after they undo the zigzag. */
  wideZigzag: boolean;
  /** A profile id is not of 16 bytes, which the Go Collector refuses. */
  oddProfileId: boolean;
  /** A field of packed numbers comes in several parts, of which the Go Collector keeps the last. */
  packedTwice: boolean;
  /** A tag or length has more than five bytes, which some libraries refuse. */
  longTag: boolean;
}

/**
 * Reads a whole message. Throws {@link Refused}. `loose` texts leave out what the Go Collector does not keep: whether an
 * empty message is there, and ids of zeros.
 */
export function readMeaning(fullName: string, bytes: Uint8Array, loose = false): Meaning {
  const reader = new ReferenceReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), loose);
  const { text, jsonText } = reader.message(messageFacts(fullName), [[0, bytes.length]], -1);
  return Object.assign(reader.flags, { text, jsonText, items: reader.items });
}

type Range = readonly [start: number, end: number];
interface Texts {
  text: string;
  jsonText: string;
}

const itemMessages = new Set([
  'Span',
  'LogRecord',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'SummaryDataPoint',
  'Sample',
]);
const nesting = new Set(['KeyValue', 'AnyValue', 'ArrayValue', 'KeyValueList']);

class ReferenceReader {
  readonly items: string[] = [];
  readonly flags = {
    oneofTwice: false,
    badText: false,
    minusZero: false,
    nan: false,
    wideZigzag: false,
    oddProfileId: false,
    packedTwice: false,
    longTag: false,
  };
  readonly #b: Buffer;
  readonly #loose: boolean;
  #at = 0;

  constructor(b: Buffer, loose: boolean) {
    this.#b = b;
    this.#loose = loose;
  }

  /** The meaning of the message whose content is in `parts`. */
  message(facts: MessageFacts, parts: readonly Range[], depth: number): Texts {
    if (nesting.has(facts.name) && ++depth > 100) throw new Refused('nested too deep', false);
    const found = this.#fields(facts, parts, depth);
    let text = '';
    let jsonText = '';
    for (const field of facts.fields) {
      const ranges = found[field.number];
      if (ranges === undefined) continue;
      const value = field.repeated ? this.#list(field, ranges, depth) : this.#single(field, ranges, depth);
      if (value === undefined) continue;
      text += `${field.number}=${value.text} `;
      jsonText +=
        value.jsonText === value.text ? `${field.number}=${value.text} ` : `${field.number}=${value.jsonText} `;
    }
    if (itemMessages.has(facts.name)) this.items.push(text);
    return { text: `{${text}}`, jsonText: `{${jsonText}}` };
  }

  /** Where the values of each field are, by number. */
  #fields(facts: MessageFacts, parts: readonly Range[], depth: number): (Range[] | undefined)[] {
    const found: (Range[] | undefined)[] = [];
    for (const [start, end] of parts) {
      this.#at = start;
      while (this.#at < end) this.#field(facts, end, depth, found);
    }
    return found;
  }

  #field(facts: MessageFacts, end: number, depth: number, found: (Range[] | undefined)[]): void {
    const tag = this.#tag(end);
    const wireType = tag & 7;
    const number = tag >>> 3;
    const field = facts.byNumber[number];
    if (field !== undefined && wireType !== wireTypeOf(field) && !(field.packable && wireType === 2)) {
      throw new Refused(`${facts.name}.${field.name} has wire type ${wireType}`, false);
    }
    const range = this.#payload(wireType, end);
    if (field === undefined) return;
    const before = found[number];
    if (before !== undefined && (field.repeated || (field.kind === 'message' && field.oneof === ''))) {
      before.push(range);
      if (field.packable) this.flags.packedTwice = true;
      return;
    }
    for (const other of facts.fields) {
      const replaced = found[other.number];
      if (replaced === undefined || (other !== field && (field.oneof === '' || other.oneof !== field.oneof))) continue;
      if (facts.name === 'Metric' && field.oneof !== '') throw new Refused('a Metric with two data', false);
      if (field.oneof !== '' && (other.kind === 'message' || field.kind === 'message')) this.flags.oneofTwice = true;
      // What is replaced must be valid, too.
      const at = this.#at;
      this.#single(other, replaced, depth);
      this.#at = at;
      found[other.number] = undefined;
    }
    found[number] = [range];
  }

  #tag(end: number): number {
    const start = this.#at;
    const tag = this.#varint(end);
    if (this.#at - start > 5) this.flags.longTag = true;
    if (tag.hi !== 0) throw new Refused('field number of 2^29 or more', false);
    if (tag.lo < 8) throw new Refused('field number 0', true);
    return tag.lo;
  }

  /** Where the value is whose tag was just read; leaves the reader after it. */
  #payload(wireType: number, end: number): Range {
    let start = this.#at;
    switch (wireType) {
      case 0:
        this.#varint(end);
        break;
      case 1:
        this.#at += 8;
        break;
      case 2: {
        const length = this.#varint(end);
        if (this.#at - start > 5) this.flags.longTag = true;
        start = this.#at;
        if (length.hi !== 0) throw new Refused('a length beyond the end', true);
        this.#at += length.lo;
        break;
      }
      case 5:
        this.#at += 4;
        break;
      default:
        throw new Refused(`wire type ${wireType}`, false);
    }
    if (this.#at > end) throw new Refused('a value beyond the end', true);
    return [start, this.#at];
  }

  #varint(end: number): { lo: number; hi: number } {
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= end) throw new Refused('a varint beyond the end', true);
      const byte = this.#b[this.#at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi |= bits >> 4;
      } else hi |= bits << (shift - 32);
      if (byte < 128) return { lo: lo >>> 0, hi: hi >>> 0 };
    }
    throw new Refused('a varint of more than ten bytes', false);
  }

  #list(field: FieldFacts, ranges: readonly Range[], depth: number): Texts | undefined {
    let text = '';
    let jsonText = '';
    for (const [start, end] of ranges) {
      // Packed numbers are one range, single ones ranges of one number.
      this.#at = start;
      do {
        if (field.packable && this.#at === end) break;
        const range = field.packable ? this.#payload(wireTypeOf(field), end) : ([start, end] as const);
        const next = this.#at;
        const element = field.message ? this.message(field.message, [range], depth) : this.#scalar(field, range);
        this.#at = field.packable ? next : end;
        text += `${element.text},`;
        jsonText += `${element.jsonText},`;
      } while (this.#at < end);
    }
    return text === '' ? undefined : { text: `[${text}]`, jsonText: `[${jsonText}]` };
  }

  /** The value of a singular field; undefined when it is the same as none. */
  #single(field: FieldFacts, ranges: readonly Range[], depth: number): Texts | undefined {
    if (field.message !== undefined) {
      const value = this.message(field.message, ranges, depth);
      const drops = field.message.name === 'AnyValue' || (this.#loose && field.oneof === '');
      return drops && value.text === '{}' ? undefined : value;
    }
    const value = this.#scalar(field, ranges[0]!);
    if (this.#loose && field.idLength > 0 && /^\d+:\0*$/.test(value.text)) return undefined;
    return field.presence || !zeros.has(value.text) ? value : undefined;
  }

  #scalar(field: FieldFacts, [start, end]: Range): Texts {
    const b = this.#b;
    switch (field.type) {
      case 'string': {
        const text = `${end - start}:${b.toString('latin1', start, end)}`;
        if (isAscii(text)) return { text, jsonText: text };
        const valid = Buffer.from(b.toString('utf8', start, end));
        if (!valid.equals(b.subarray(start, end))) this.flags.badText = true;
        return { text, jsonText: `${valid.length}:${valid.toString('latin1')}` };
      }
      case 'bytes': {
        const length = end - start;
        if (field.idLength > 0 && length !== 0 && length !== field.idLength) {
          throw new Refused(`${field.name} of ${length} bytes`, false);
        }
        if (field.name === 'profile_id' && length !== 0 && length !== 16) this.flags.oddProfileId = true;
        return same(`${length}:${b.toString('latin1', start, end)}`);
      }
      case 'double': {
        const nan = Number.isNaN(b.readDoubleLE(start));
        if (nan) this.flags.nan = true;
        const bits = b.toString('latin1', start, end);
        if (!field.presence && !field.repeated && Object.is(b.readDoubleLE(start), -0)) this.flags.minusZero = true;
        return { text: bits === zeroBits ? '0' : bits, jsonText: nan ? 'NaN' : bits === zeroBits ? '0' : bits };
      }
      case 'fixed64':
      case 'sfixed64': {
        const bits = b.toString('latin1', start, end);
        return same(bits === zeroBits ? '0' : bits);
      }
      case 'fixed32':
        return same(`${b.readUInt32LE(start)}`);
    }
    this.#at = start;
    const { lo, hi } = this.#varint(end);
    if (field.type === 'sint32' && hi !== 0) this.flags.wideZigzag = true;
    switch (field.type) {
      case 'bool':
        return same(lo !== 0 || hi !== 0 ? '1' : '0');
      case 'enum':
      case 'int32':
      case 'uint32':
      case 'sint32':
        return same(`${lo}`);
      case 'int64':
      case 'uint64':
        return same(hi === 0 ? `${lo}` : `${hi}h${lo}`);
      default:
        throw new TypeError(`${field.name} has the type ${field.type}, which no field of OTLP had`);
    }
  }
}

const zeros = new Set(['0', '0:']);
const zeroBits = '\0'.repeat(8);

function same(text: string): Texts {
  return { text, jsonText: text };
}

function isAscii(latin1: string): boolean {
  for (let i = 0; i < latin1.length; i++) if (latin1.charCodeAt(i) > 127) return false;
  return true;
}
