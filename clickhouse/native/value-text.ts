/**
 * Attribute values as text: what a person would write, and what `typeLetters` and the text together give back exactly.
 *
 * Strings as they are; numbers in decimal; doubles the shortest way that reads back the same, as in JavaScript;
 * bytes in base64; arrays and maps as JSON, where whole doubles keep a `.0` and bytes are base64 strings.
 */
import { valueTypes } from '../../pdata/otlp/attributes.ts';
import { type Bytes, viewOf } from './bytes.ts';
import { writeJsonArray, writeJsonObject } from './json-text.ts';
import { doubleText, writeAscii, writeBase64, writeInt64 } from './scalar-text.ts';
import { writeString } from './strings.ts';

/** A String cell of the value whose columns hold `type`, `lo` and `hi` (see pdata AttributeTable). */
export function writeValueText(out: Bytes, arena: Uint8Array, type: number, lo: number, hi: number): void {
  switch (type) {
    case valueTypes.string:
      writeString(out, viewOf(arena), lo, hi);
      return;
    case valueTypes.int:
      if (hi === 0 && lo < 1e9) {
        writeShortInt(out, lo);
        return;
      }
      break;
    case valueTypes.empty:
      out.byte(0);
      return;
    case valueTypes.stringIndex:
      // The index has no meaning outside of a profile, and pdata resolves it there.
      out.byte(0);
      return;
  }
  const mark = openString(out);
  switch (type) {
    case valueTypes.bool:
      writeAscii(out, lo !== 0 ? 'true' : 'false');
      break;
    case valueTypes.int:
      writeInt64(out, lo, hi);
      break;
    case valueTypes.double:
      writeAscii(out, doubleText(lo, hi));
      break;
    case valueTypes.bytes:
      writeBase64(out, arena, lo, hi);
      break;
    case valueTypes.array:
      writeJsonArray(out, arena, lo, lo + hi);
      break;
    case valueTypes.kvlist:
      writeJsonObject(out, arena, lo, lo + hi);
      break;
  }
  closeString(out, mark);
}

/** A String cell of a number below 1e9: its length is known before its digits. */
function writeShortInt(out: Bytes, value: number): void {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  const at = out.reserve(10);
  const b = out.bytes;
  b[at] = digits;
  for (let i = at + digits; i > at; i--) {
    const tenth = (value / 10) | 0;
    b[i] = 0x30 + value - tenth * 10;
    value = tenth;
  }
  out.at = at + digits + 1;
}

/** Begins a string whose length is not known yet; one byte is kept for it. */
function openString(out: Bytes): number {
  const mark = out.at;
  out.byte(0);
  return mark;
}

/** Writes the length before a string begun at `mark`, moving it up when the length needs more than a byte. */
function closeString(out: Bytes, mark: number): void {
  const length = out.at - mark - 1;
  if (length < 128) {
    out.bytes[mark] = length;
    return;
  }
  let size = 1;
  for (let rest = length >>> 7; rest !== 0; rest >>>= 7) size++;
  out.reserve(size);
  out.bytes.copyWithin(mark + size, mark + 1, out.at);
  out.at = mark;
  out.varint(length);
  out.at += length;
}
