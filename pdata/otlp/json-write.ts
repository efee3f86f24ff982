/**
 * OTLP protobuf into OTLP JSON, from the message table.
 *
 * 64-bit integers are strings, enums numbers, trace and span ids hex, other bytes base64; fields that are zero and have
 * no presence are left out. Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import { maxDepth } from './attributes.ts';
import type { FieldPlan, MessagePlan } from './json-plan.ts';
import { checkLength, checkUnknown, checkVarint, cursor, malformed, readVarint, readWord } from './wire-format.ts';

/**
 * The JSON text of the message `plan` in `bytes`. Where a singular field comes several times, messages are merged and
 * of other fields, oneof variants among them, the last one wins. Bytes that are not UTF-8 become U+FFFD in strings.
 * Throws {@link MalformedOtlp} when the framing is not valid.
 */
export function writeJson(plan: MessagePlan, bytes: Uint8Array): string {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return messageText(plan, b, [0, b.length], -1);
}

/** Pairs of start and end in the bytes. */
type Ranges = number[];

function messageText(plan: MessagePlan, b: Buffer, ranges: Ranges, depth: number): string {
  if (plan.nests && ++depth > maxDepth) malformed(plan.name, ranges[0]!, `values are nested deeper than ${maxDepth}`);
  const occurrences: (Ranges | undefined)[] = [];
  for (let i = 0; i < ranges.length; i += 2) collect(plan, b, ranges[i]!, ranges[i + 1]!, occurrences);
  let text = '';
  for (const field of plan.fields) {
    const found = occurrences[field.index];
    if (found === undefined) continue;
    const value = field.repeated ? arrayText(field, b, found, depth) : valueText(field, b, found, depth);
    if (value !== '') text += `${text === '' ? '' : ','}"${field.jsonName}":${value}`;
  }
  return `{${text}}`;
}

/**
 * Adds where each field's values are in `[p, end)`: of a repeated field and of a message that comes in parts all of
 * them, else the last.
 */
function collect(plan: MessagePlan, b: Buffer, p: number, end: number, occurrences: (Ranges | undefined)[]): void {
  while (p < end) {
    const after = checkVarint(b, p, end, plan.name);
    const tag = readVarint(b, p);
    p = after;
    if (cursor.hi !== 0) malformed(plan.name, p, 'a field number is too large');
    const field = plan.byNumber[tag >>> 3];
    const wireType = tag & 7;
    if (field === undefined) {
      p = checkUnknown(b, p, end, tag, [], plan.name);
      continue;
    }
    if (wireType !== field.wireType && !(field.packed && wireType === 2)) {
      malformed(plan.name, p, `${field.jsonName} has wire type ${wireType}`);
    }
    let start = p;
    if (wireType === 2) {
      p = checkLength(b, p, end, plan.name);
      start = cursor.at;
    } else if (wireType === 0) p = checkVarint(b, p, end, plan.name);
    else p += wireType === 1 ? 8 : 4;
    if (p > end) malformed(plan.name, start, 'a number is cut off');
    const found = occurrences[field.index];
    if (field.oneof !== '') {
      for (const other of plan.fields) if (other.oneof === field.oneof) occurrences[other.index] = undefined;
    } else if (found !== undefined && (field.repeated || field.kind === 'message')) {
      found.push(start, p);
      continue;
    }
    occurrences[field.index] = [start, p];
  }
}

/** The array of a repeated field; empty when it has no element. */
function arrayText(field: FieldPlan, b: Buffer, ranges: Ranges, depth: number): string {
  let text = '';
  for (let i = 0; i < ranges.length; i += 2) {
    let p = ranges[i]!;
    const end = ranges[i + 1]!;
    if (field.packed) {
      while (p < end) {
        const after = afterNumber(field, b, p, end);
        text += `${text === '' ? '' : ','}${scalarText(field, b, p, after)}`;
        p = after;
      }
    } else {
      const value =
        field.message === null ? scalarText(field, b, p, end) : messageText(field.message, b, [p, end], depth);
      text += `${text === '' ? '' : ','}${value}`;
    }
  }
  return text === '' ? '' : `[${text}]`;
}

/** The value of a singular field; empty when it is zero and the field has no presence. */
function valueText(field: FieldPlan, b: Buffer, ranges: Ranges, depth: number): string {
  if (field.message !== null) return messageText(field.message, b, ranges, depth);
  const text = scalarText(field, b, ranges[0]!, ranges[1]!);
  return field.presence || text !== zeroText(field) ? text : '';
}

function zeroText(field: FieldPlan): string {
  switch (field.kind) {
    case 'string':
    case 'bytes':
    case 'id':
      return '""';
    case 'bool':
      return 'false';
    case 'int64':
    case 'uint64':
    case 'fixed64':
    case 'sfixed64':
      return '"0"';
    default:
      return '0';
  }
}

function scalarText(field: FieldPlan, b: Buffer, start: number, end: number): string {
  switch (field.kind) {
    case 'string':
      return JSON.stringify(b.toString('utf8', start, end));
    case 'bytes':
      return `"${b.toString('base64', start, end)}"`;
    case 'id':
      return `"${b.toString('hex', start, end)}"`;
    case 'bool': {
      const lo = readVarint(b, start);
      return lo !== 0 || cursor.hi !== 0 ? 'true' : 'false';
    }
    case 'enum':
    case 'int32':
      return String(readVarint(b, start));
    case 'uint32':
      return String(readVarint(b, start) >>> 0);
    case 'sint32': {
      const zigzag = readVarint(b, start);
      return String((zigzag >>> 1) ^ -(zigzag & 1));
    }
    case 'fixed32':
      return String(readWord(b, start) >>> 0);
    case 'int64': {
      const lo = readVarint(b, start);
      return signedText(lo, cursor.hi);
    }
    case 'uint64': {
      const lo = readVarint(b, start);
      return unsignedText(lo, cursor.hi);
    }
    case 'fixed64':
      return unsignedText(readWord(b, start), readWord(b, start + 4));
    case 'sfixed64':
      return signedText(readWord(b, start), readWord(b, start + 4));
    case 'double':
      return doubleText(b.readDoubleLE(start));
    case 'message':
      throw new TypeError(`${field.jsonName} is not a scalar`);
    default:
      return field.kind satisfies never;
  }
}

/** The position after one number of a packed field, which must end within `end`. */
function afterNumber(field: FieldPlan, b: Buffer, p: number, end: number): number {
  if (field.wireType === 0) return checkVarint(b, p, end, field.jsonName);
  const after = p + (field.wireType === 1 ? 8 : 4);
  if (after > end) malformed(field.jsonName, p, 'a number is cut off');
  return after;
}

function unsignedText(lo: number, hi: number): string {
  if (hi >>> 0 < 0x200000) return `"${(hi >>> 0) * 4294967296 + (lo >>> 0)}"`;
  return `"${(BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)}"`;
}

function signedText(lo: number, hi: number): string {
  if (hi >= -0x200000 && hi < 0x200000) return `"${hi * 4294967296 + (lo >>> 0)}"`;
  return `"${(BigInt(hi) << 32n) | BigInt(lo >>> 0)}"`;
}

function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return `"${value}"`;
}
