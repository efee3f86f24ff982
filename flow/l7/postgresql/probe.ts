/** Recognises PostgreSQL: a start-up packet, or a chain of messages that fit each other. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { headerBytes, longestStartup, startupCodes, u32 } from './wire.ts';

const clientTypes = 'QPBEDSCFHXpdcf';
const serverTypes = '123ACDEGHIKNnRSsTtVvWZdc';
const maxMessages = 64;
/** Messages may be longer, but text of other protocols would look like lengths of hundreds of MB. */
const longestMessage = 0x1ffffff;

export function probePostgresql(input: Input): Verdict {
  const { bytes, start, end } = input;
  const first = bytes[start]!;
  if (first === 0) return probeStartup(bytes, start, end);
  const type = String.fromCharCode(first);
  const couldClient = clientTypes.includes(type);
  const couldServer = serverTypes.includes(type);
  if (!couldClient && !couldServer) return 'no';
  if (end - start < headerBytes) return 'more';
  const length = u32(bytes, start + 1);
  if (length < 4 || length > longestMessage) return 'no';
  if (type === 'Q' || type === 'P') return probeSql(bytes, start, end, length, type === 'P');
  const asClient = couldClient && chain(bytes, start, end, clientTypes);
  const asServer = couldServer && chain(bytes, start, end, serverTypes);
  if (asClient && asServer) return input.side === 0 ? 'client' : 'server';
  return asClient ? 'client' : asServer ? 'server' : end - start < 64 && start + 1 + length > end ? 'more' : 'no';
}

/** length:4  code:4  … */
function probeStartup(bytes: Buffer, start: number, end: number): Verdict {
  if (end - start < 8) return end - start >= 2 && bytes[start + 1] !== 0 ? 'no' : 'more';
  const length = u32(bytes, start);
  const code = u32(bytes, start + 4);
  if (code === startupCodes.ssl || code === startupCodes.gss) return length === 8 ? 'client' : 'no';
  if (code === startupCodes.cancel) return length >= 16 && length <= 268 ? 'client' : 'no';
  return code >>> 16 === startupCodes.major && (code & 0xffff) < 100 && length >= 9 && length <= longestStartup
    ? 'client'
    : 'no';
}

/** A text that begins like SQL and ends with a zero; before it, of Parse, the name of the statement. */
function probeSql(bytes: Buffer, start: number, end: number, length: number, parse: boolean): Verdict {
  const last = start + 1 + length;
  const available = Math.min(end, last);
  let at = start + headerBytes;
  if (parse) {
    while (at < available && bytes[at] !== 0 && at - start < 80) at++;
    if (at >= available) return available < last ? 'more' : 'no';
    if (bytes[at++] !== 0) return 'no';
  }
  if (available < last && available - at < 12) return 'more';
  while (
    at < available &&
    (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09 || bytes[at] === 0x28)
  )
    at++;
  const first = bytes[at]!;
  const comment = first === 0x2f || first === 0x2d;
  if (!comment && first !== 0 && first !== 0x3b && ((first | 0x20) < 0x61 || (first | 0x20) > 0x7a)) return 'no';
  const checked = Math.min(available, at + 16);
  for (; at < checked; at++)
    if (bytes[at]! < 0x20 && bytes[at] !== 0 && (bytes[at]! < 9 || bytes[at]! > 13)) return 'no';
  if (!parse && last <= end && bytes[last - 1] !== 0) return 'no';
  return 'client';
}

/** Two messages or more that end where the bytes end, or the one that ends an exchange. */
function chain(bytes: Buffer, start: number, end: number, types: string): boolean {
  let at = start;
  let count = 0;
  while (at + headerBytes <= end && count < maxMessages) {
    const type = String.fromCharCode(bytes[at]!);
    const length = u32(bytes, at + 1);
    if (!types.includes(type) || length < 4 || length > longestMessage) return false;
    const body = length - 4;
    const ready = type === 'Z' && types === serverTypes;
    if (ready && (body !== 1 || (at + 5 < end && !'ITE'.includes(String.fromCharCode(bytes[at + 5]!))))) return false;
    if ((type === 'S' || type === 'H' || type === 'X') && types === clientTypes && body !== 0) return false;
    count++;
    at += 1 + length;
    if (ready && at <= end) return true;
  }
  return count >= 2 ? at >= end : at === end && count === 1 && bytes[start] !== 0x44 && bytes[start] !== 0x64;
}
