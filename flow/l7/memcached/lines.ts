/** Lines of the text protocol: words separated by blanks, ended by \r\n or \n. */
import { interned } from '../text.ts';

/** Bytes of a line that are looked at. */
export const longestLine = 16 * 1024;

/** Position of the \n that ends the line at `at`, or -1. */
export function newline(bytes: Buffer, at: number, end: number): number {
  for (let index = at; index < end; index++) if (bytes[index] === 0x0a) return index;
  return -1;
}

/** End of the line's text, before blanks and \r\n or \n at `newlineAt`. */
export function lineEnd(bytes: Buffer, start: number, newlineAt: number): number {
  let end = newlineAt > start && bytes[newlineAt - 1] === 0x0d ? newlineAt - 1 : newlineAt;
  while (end > start && bytes[end - 1] === 0x20) end--;
  return end;
}

/** End of the word that begins at `at`. */
export function wordEnd(bytes: Buffer, at: number, end: number): number {
  let index = at;
  while (index < end && bytes[index] !== 0x20 && bytes[index] !== 0x0d && bytes[index] !== 0x0a) index++;
  return index;
}

/** The word of that number; empty when there are not so many. */
export function word(bytes: Buffer, start: number, end: number, number: number): string {
  let at = start;
  for (let index = 0; ; index++) {
    while (at < end && bytes[at] === 0x20) at++;
    if (at >= end) return '';
    const next = wordEnd(bytes, at, end);
    if (index === number) return interned.get(bytes, at, next);
    // A stray \r is no word, and must not stop the reading.
    at = Math.max(next, at + 1);
  }
}

/** Number of words, at most 16. */
export function countWords(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  while (count < 16) {
    while (at < end && bytes[at] === 0x20) at++;
    if (at >= end) break;
    count++;
    at = Math.max(wordEnd(bytes, at, end), at + 1);
  }
  return count;
}

/** A length in decimal; -1 when it is none. */
export function sizeOf(text: string): number {
  if (text === '' || text.length > 10) return -1;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** The token that begins with a flag's letter: `O123` of an opaque; empty when there is none. Flags begin at word `from`. */
export function flag(bytes: Buffer, start: number, end: number, letter: number, from: number): string {
  let at = start;
  for (let index = 0; at < end; index++) {
    while (at < end && bytes[at] === 0x20) at++;
    const next = wordEnd(bytes, at, end);
    if (index >= from && bytes[at] === letter && next > at) return interned.get(bytes, at, next);
    at = Math.max(next, at + 1);
  }
  return '';
}
