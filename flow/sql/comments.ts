/**
 * Trace contexts in comments of statements: sqlcommenter's `key='value',…` (URL-encoded), and `key: value` pairs.
 * https://google.github.io/sqlcommenter/spec
 */
import type { Message } from '../l7/message.ts';
import type { ProtocolOptions } from '../l7/options.ts';
import { offerTraceHeader } from '../trace-context/headers.ts';

const longestComment = 4096;
const maxPairs = 32;

/** A statement, and the comments that were taken from its ends. */
export interface Bare {
  readonly text: string;
  /** Empty when there was none. */
  readonly before: string;
  readonly after: string;
}

/**
 * Takes comments from the beginning and the end of a statement: a comment with a trace context is new with every statement, what it
 * comments is not. MySQL's `/*!` and hints `/*+` stay. Null when there is nothing to take.
 */
export function takeComments(text: string): Bare | null {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  let before = '';
  if (opens(text, start)) {
    const close = text.indexOf('*/', start + 2);
    if (close >= 0) {
      before = text.slice(start, close + 2);
      start = close + 2;
      while (start < end && text.charCodeAt(start) <= 0x20) start++;
    }
  }
  while (end > start && (text.charCodeAt(end - 1) <= 0x20 || text.charCodeAt(end - 1) === 0x3b)) end--;
  let after = '';
  if (end - start >= 4 && text.charCodeAt(end - 1) === 0x2f && text.charCodeAt(end - 2) === 0x2a) {
    const open = text.lastIndexOf('/*', end - 3);
    if (open >= start && opens(text, open)) {
      after = text.slice(open, end);
      end = open;
      while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
    }
  }
  if (before === '' && after === '') return null;
  return { text: text.slice(start, end), before, after };
}

function opens(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== 0x2f || text.charCodeAt(at + 1) !== 0x2a) return false;
  const mark = text.charCodeAt(at + 2);
  return mark !== 0x21 && mark !== 0x2b && !(mark === 0x4d && text.charCodeAt(at + 3) === 0x21);
}

/** Offers the pairs of a comment, with or without its marks, as trace headers of a message. */
export function offerComment(message: Message, comment: string, options: ProtocolOptions): void {
  const end = Math.min(comment.length, longestComment);
  let at = 0;
  for (let pairs = 0; pairs < maxPairs; pairs++) {
    while (at < end && !isName(comment.charCodeAt(at))) at++;
    const name = at;
    while (at < end && isName(comment.charCodeAt(at))) at++;
    if (at >= end) return;
    const nameEnd = at;
    while (at < end && comment.charCodeAt(at) === 0x20) at++;
    const mark = comment.charCodeAt(at);
    if (mark !== 0x3a && mark !== 0x3d) continue;
    at++;
    while (at < end && comment.charCodeAt(at) === 0x20) at++;
    const quote = comment.charCodeAt(at);
    const quoted = quote === 0x27 || quote === 0x22;
    if (quoted) at++;
    const value = at;
    while (at < end && !(quoted ? comment.charCodeAt(at) === quote : ends(comment.charCodeAt(at)))) at++;
    let valueEnd = at;
    if (!quoted && comment.endsWith('*/') && valueEnd === comment.length) valueEnd -= 2;
    offerTraceHeader(message, comment.slice(name, nameEnd), decode(comment.slice(value, valueEnd)), options);
    at++;
  }
}

function isName(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x2e
  );
}

/** Base64 of sw8 has `=`, `+` and `/` in it; `*` only ends the comment. */
function ends(code: number): boolean {
  return code <= 0x20 || code === 0x2c || code === 0x3b || code === 0x2a;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
