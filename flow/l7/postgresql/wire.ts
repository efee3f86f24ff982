/**
 * Small pieces of the protocol, version 3.
 *
 *   message  type:1  length:4 (with itself)  body            start-up  length:4  code:4  body
 */
import { utf8, zeroEnd } from '../text.ts';

export const headerBytes = 5;
export const longestStartup = 10_000;

export const startupCodes = { cancel: 80877102, ssl: 80877103, gss: 80877104, major: 3 } as const;

export function u32(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function readText(bytes: Buffer, at: number, end: number, max = 256): string {
  return utf8(bytes, at, zeroEnd(bytes, at, end), max);
}
