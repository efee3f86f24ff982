/** Nested attribute values (OTLP ArrayValue and KeyValueList, still in protobuf) as JSON text. */
import { valueTypes } from '../../pdata/otlp/attributes.ts';
import { cursor, readVarint, readWord, skipField } from '../../pdata/otlp/wire-format.ts';
import type { Bytes } from './bytes.ts';
import { doubleText, writeAscii, writeBase64, writeInt64 } from './scalar-text.ts';

/** The checked ArrayValue in `[p, end)`; its depth is bounded by the check at the door. */
export function writeJsonArray(out: Bytes, b: Uint8Array, p: number, end: number): void {
  out.byte(0x5b);
  let first = true;
  while (p < end) {
    const tag = readVarint(b, p);
    if (tag !== 0x0a) {
      p = skipField(b, cursor.at, tag);
      continue;
    }
    const length = readVarint(b, cursor.at);
    const at = cursor.at;
    if (!first) out.byte(0x2c);
    first = false;
    writeJsonValue(out, b, at, at + length);
    p = at + length;
  }
  out.byte(0x5d);
}

/** The checked KeyValueList in `[p, end)`. */
export function writeJsonObject(out: Bytes, b: Uint8Array, p: number, end: number): void {
  out.byte(0x7b);
  let first = true;
  while (p < end) {
    const tag = readVarint(b, p);
    if (tag !== 0x0a) {
      p = skipField(b, cursor.at, tag);
      continue;
    }
    const length = readVarint(b, cursor.at);
    const at = cursor.at;
    if (!first) out.byte(0x2c);
    first = false;
    writeJsonEntry(out, b, at, at + length);
    p = at + length;
  }
  out.byte(0x7d);
}

/** The checked KeyValue in `[p, end)`, whose fields come in any order. */
function writeJsonEntry(out: Bytes, b: Uint8Array, p: number, end: number): void {
  let key = 0;
  let keyLength = 0;
  let value = 0;
  let valueEnd = 0;
  while (p < end) {
    const tag = readVarint(b, p);
    if (tag !== 0x0a && tag !== 0x12) {
      p = skipField(b, cursor.at, tag);
      continue;
    }
    const length = readVarint(b, cursor.at);
    const at = cursor.at;
    p = at + length;
    if (tag === 0x0a) {
      key = at;
      keyLength = length;
    } else {
      value = at;
      valueEnd = p;
    }
  }
  writeJsonString(out, b, key, keyLength);
  out.byte(0x3a);
  writeJsonValue(out, b, value, valueEnd);
}

/** The checked AnyValue in `[p, end)`; the last variant wins. */
function writeJsonValue(out: Bytes, b: Uint8Array, p: number, end: number): void {
  let tag = 0;
  let lo = 0;
  let hi = 0;
  while (p < end) {
    const next = readVarint(b, p);
    p = cursor.at;
    switch (next) {
      case 0x0a:
      case 0x2a:
      case 0x32:
      case 0x3a:
        hi = readVarint(b, p);
        lo = cursor.at;
        p = lo + hi;
        break;
      case 0x10:
      case 0x18:
        lo = readVarint(b, p);
        hi = cursor.hi;
        p = cursor.at;
        break;
      case 0x21:
        lo = readWord(b, p);
        hi = readWord(b, p + 4);
        p += 8;
        break;
      default:
        p = skipField(b, p, next);
        continue;
    }
    tag = next;
  }
  switch (tag >>> 3) {
    case valueTypes.string:
      writeJsonString(out, b, lo, hi);
      break;
    case valueTypes.bool:
      writeAscii(out, lo !== 0 || hi !== 0 ? 'true' : 'false');
      break;
    case valueTypes.int:
      writeInt64(out, lo, hi);
      break;
    case valueTypes.double:
      writeAscii(out, jsonDouble(lo, hi));
      break;
    case valueTypes.array:
      writeJsonArray(out, b, lo, lo + hi);
      break;
    case valueTypes.kvlist:
      writeJsonObject(out, b, lo, lo + hi);
      break;
    case valueTypes.bytes:
      out.byte(0x22);
      writeBase64(out, b, lo, hi);
      out.byte(0x22);
      break;
    default:
      writeAscii(out, 'null');
  }
}

/** JSON has no NaN and no infinities: they become strings, as in OTLP's JSON. */
function jsonDouble(lo: number, hi: number): string {
  const text = doubleText(lo, hi);
  if (/^-?\d+$/.test(text)) return `${text}.0`;
  return /[Ny]/.test(text) ? `"${text}"` : text;
}

const hexLetters = Buffer.from('0123456789abcdef');

function writeJsonString(out: Bytes, b: Uint8Array, offset: number, length: number): void {
  let at = out.reserve(6 * length + 2);
  const to = out.bytes;
  to[at++] = 0x22;
  for (let i = offset; i < offset + length; i++) {
    const byte = b[i]!;
    if (byte === 0x22 || byte === 0x5c) {
      to[at++] = 0x5c;
      to[at++] = byte;
    } else if (byte < 0x20) {
      to.set(unicodeEscape, at);
      to[at + 4] = hexLetters[byte >>> 4]!;
      to[at + 5] = hexLetters[byte & 15]!;
      at += 6;
    } else to[at++] = byte;
  }
  to[at++] = 0x22;
  out.at = at;
}

const unicodeEscape = Buffer.from('\\u00');
