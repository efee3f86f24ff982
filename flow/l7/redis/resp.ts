/** The small pieces of RESP: a line that is a number, the names of its types. */

/** Set by {@link readNumber}. */
export let number = 0;

/** Longest `:123…\r\n` that is a number. */
export const longestNumberLine = 24;

/**
 * Reads `-?[0-9]+\r\n` at `at` into {@link number}. Returns the position after it, 0 when more bytes are needed, -1 when it is no such line.
 */
export function readNumber(bytes: Buffer, at: number, end: number): number {
  const start = at;
  let negative = false;
  if (at < end && bytes[at] === 0x2d) {
    negative = true;
    at++;
  }
  let value = 0;
  const first = at;
  while (at < end) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    at++;
    if (at - start > longestNumberLine) return -1;
  }
  if (at >= end) return 0;
  if (at === first || bytes[at] !== 0x0d) return -1;
  if (at + 1 >= end) return 0;
  if (bytes[at + 1] !== 0x0a) return -1;
  number = negative ? -value : value;
  return at + 2;
}

/** Position of `\r\n` in [at, end), or -1. */
export function findLineEnd(bytes: Buffer, at: number, end: number): number {
  // Not Buffer.indexOf: it would look beyond `end`, and a window may lie in a buffer of megabytes.
  for (let index = at; index + 1 < end; index++) if (bytes[index] === 0x0d && bytes[index + 1] === 0x0a) return index;
  return -1;
}

/** Names of the types by their first byte, RESP2 and RESP3. */
export const replyTypes: Readonly<Record<number, string>> = {
  43: 'SimpleString',
  45: 'Error',
  58: 'Integer',
  36: 'BulkString',
  42: 'Array',
  95: 'Null',
  35: 'Boolean',
  44: 'Double',
  40: 'BigNumber',
  33: 'BulkError',
  61: 'VerbatimString',
  37: 'Map',
  126: 'Set',
  62: 'Push',
  124: 'Attribute',
};
