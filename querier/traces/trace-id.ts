/** Trace and span ids as callers write them. */
import { QueryError } from '../errors.ts';

/** 32 hex digits; shorter ids (64-bit, or with zeros cut off) are filled up on the left. */
export function parseTraceId(text: string): string {
  if (!/^[0-9a-fA-F]{1,32}$/.test(text) || /^0+$/.test(text)) {
    throw new QueryError(
      'BAD_REQUEST',
      `"${text.slice(0, 64)}" is no trace id: give up to 32 hex digits, not all of them 0`,
    );
  }
  return text.toLowerCase().padStart(32, '0');
}

/** 16 hex digits. */
export function parseSpanId(text: string): string {
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) {
    throw new QueryError('BAD_REQUEST', `"${text.slice(0, 64)}" is no span id: give up to 16 hex digits`);
  }
  return text.toLowerCase().padStart(16, '0');
}
