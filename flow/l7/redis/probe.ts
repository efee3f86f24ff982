/** Recognises RESP: a command is an array of bulk strings, a reply a value with its own mark. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { interned, startsWith } from '../text.ts';
import { isKnownCommand } from './commands.ts';
import { findLineEnd, longestNumberLine, number, readNumber } from './resp.ts';

export function probeRedis(input: Input): Verdict {
  const { bytes, start, end } = input;
  switch (bytes[start]) {
    case 0x2a:
      return probeArray(input);
    case 0x24: // $
    case 0x3a: // :
    case 0x25: // %
    case 0x7e: // ~
    case 0x3e: {
      const next = readNumber(bytes, start + 1, end);
      return next < 0 ? 'no' : next === 0 ? 'more' : 'server';
    }
    case 0x2b:
      return line(input, simpleStrings);
    case 0x2d:
      return line(input, errors);
    case 0x5f:
      return line(input, ['_\r\n']);
    case 0x23:
      return line(input, ['#t\r\n', '#f\r\n']);
    case 0x50: // P
    case 0x70:
      return probePing(input);
    default:
      return 'no';
  }
}

const simpleStrings = ['+OK\r\n', '+PONG\r\n', '+QUEUED\r\n'];
const errors = ['-ERR ', '-NOAUTH ', '-WRONGTYPE ', '-MOVED ', '-ASK ', '-WRONGPASS ', '-NOSCRIPT ', '-LOADING '];

function line(input: Input, texts: readonly string[]): Verdict {
  const { bytes, start, end } = input;
  for (const text of texts) if (startsWith(bytes, start, end, text)) return 'server';
  return end - start < 4 ? 'more' : 'no';
}

/** A ping as a person types it. A NATS client says the same: what the other side answers tells, or what comes behind. */
function probePing({ bytes, start, end, full }: Input): Verdict {
  const text = bytes[start] === 0x50 ? 'PING\r\n' : 'ping\r\n';
  let at = start;
  while (end - at >= text.length && startsWith(bytes, at, end, text)) at += text.length;
  if (startsWith(bytes, at, end, text.slice(0, Math.min(text.length, end - at)))) return full ? 'no' : 'more';
  return at > start && bytes[at] === 0x2a ? 'client' : 'no';
}

/** `*3\r\n$3\r\nSET\r\n…`: of a client when SET is a command, else an array that a server sends. */
function probeArray(input: Input): Verdict {
  const { bytes, start, end } = input;
  let at = readNumber(bytes, start + 1, end);
  if (at < 0) return 'no';
  if (at === 0) return 'more';
  if (number < -1 || number > 0xffffffff) return 'no';
  if (number <= 0) return input.side === 1 ? 'server' : 'no';
  if (at >= end) return 'more';
  if (bytes[at] !== 0x24) return '*:+-%~_#,(!=|'.includes(String.fromCharCode(bytes[at]!)) ? 'server' : 'no';
  at = readNumber(bytes, at + 1, end);
  if (at < 0) return 'no';
  if (at === 0) return end - start > 2 * longestNumberLine + 4 ? 'no' : 'more';
  if (number < 1 || number > 64) return input.side === 1 ? 'server' : 'no';
  const length = number;
  if (end - at < length) return 'more';
  if (isKnownCommand(interned.get(bytes, at, at + length))) return 'client';
  if (input.side === 1) return 'server';
  for (let index = at; index < at + length; index++) {
    const letter = bytes[index]! | 0x20;
    if ((letter < 0x61 || letter > 0x7a) && bytes[index] !== 0x2e && bytes[index] !== 0x5f) return 'no';
  }
  return findLineEnd(bytes, at, end) === at + length ? 'client' : 'no';
}
