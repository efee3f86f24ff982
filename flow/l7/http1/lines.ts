/** The small parts of an HTTP/1.x head: where it ends, what its framing fields say. */
import type { Side } from '../message.ts';
import { startsWith } from '../text.ts';

/** Position after the empty line that ends a head, or -1. Lines may end with LF alone (RFC 9112 §2.2). */
export function findHeadEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== 0x0a) continue;
    if (at + 1 >= end) return -1;
    const next = bytes[at + 1];
    if (next === 0x0a) return at + 2;
    if (next === 0x0d && at + 2 < end && bytes[at + 2] === 0x0a) return at + 3;
  }
  return -1;
}

/** Whether these bytes can become a head: else there is no sense in waiting for its end. */
export function headPrefix(bytes: Buffer, start: number, end: number, side: Side): boolean {
  if (side === 1) return startsWith(bytes, start, end, 'HTTP/1.'.slice(0, Math.min(7, end - start)));
  // A method is a token (RFC 9110 §5.6.2); none in use is long.
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x20) return at > start;
    if (byte <= 0x20 || byte >= 0x7f || at - start > 64) return false;
  }
  return true;
}

/** Bytes of the body; -1 when it is no number. A list of equal numbers is taken as one (RFC 9112 §6.3); of a list the first counts. */
export function contentLength(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  let at = start;
  for (; at < end && at - start < 15; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    length = length * 10 + digit;
  }
  return at === start || (at < end && bytes[at] !== 0x2c) ? -1 : length;
}

const chunked = 'chunked';

/** Whether the last coding of a Transfer-Encoding is `chunked`. */
export function endsChunked(bytes: Buffer, start: number, end: number): boolean {
  const from = end - chunked.length;
  if (from < start) return false;
  for (let at = 0; at < chunked.length; at++) if ((bytes[from + at]! | 0x20) !== chunked.charCodeAt(at)) return false;
  return from === start || bytes[from - 1] === 0x2c || isSpace(bytes[from - 1]!);
}

/** A folded value as one line. */
export function unfold(value: string): string {
  return value.includes('\n') ? value.replace(/\r?\n[ \t]+/g, ' ') : value;
}

/** Blank, tab, and the CR before a line's end. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

/** Value of a hex digit, or -1. */
export function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** What a folded line begins with. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}
