/** Whether bytes begin with an HTTP/1.x request line or status line (RFC 9112 §3, §4). */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';

const longestMethod = 20;
const longestLine = 4000;
const version = 'HTTP/1.';

/** A request is recognised by its whole first line: a verb and a path alone could be Redis, RTSP or SIP. */
export function probeHttp1({ bytes, start, end, full }: Input): Verdict {
  while (start < end && (bytes[start] === 0x0d || bytes[start] === 0x0a)) start++;
  if (start === end) return full ? 'no' : 'more';
  const verdict = bytes[start] === 0x48 ? probeStatusLine(bytes, start, end) : 'no';
  if (verdict === 'no') return probeRequestLine(bytes, start, end, full);
  return verdict === 'more' && full ? 'no' : verdict;
}

function probeStatusLine(bytes: Buffer, start: number, end: number): Verdict {
  const length = end - start;
  if (length < 12)
    return startsWith(bytes, start, end, version.slice(0, Math.min(length, version.length))) ? 'more' : 'no';
  if (!startsWith(bytes, start, end, version) || !isDigit(bytes[start + 7]!) || bytes[start + 8] !== 0x20) return 'no';
  for (let at = start + 9; at < start + 12; at++) if (!isDigit(bytes[at]!)) return 'no';
  if (length === 12) return 'server';
  const after = bytes[start + 12];
  return after === 0x20 || after === 0x0d || after === 0x0a ? 'server' : 'no';
}

function probeRequestLine(bytes: Buffer, start: number, end: number, full: boolean): Verdict {
  let at = start;
  while (at < end && isMethodByte(bytes[at]!)) at++;
  if (at - start > longestMethod) return 'no';
  if (at === end) return full ? 'no' : 'more';
  if (at - start < 3 || bytes[at] !== 0x20) return 'no';
  at++;
  if (at < end && !isTargetStart(bytes[at]!)) return 'no';
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x0a) return endsLine(bytes, at) ? 'client' : 'no';
    // Controls have no place in a target; bytes above ASCII are sent by careless clients.
    if ((byte < 0x20 && byte !== 0x0d) || byte === 0x7f) return 'no';
  }
  // A path longer than any line that another protocol begins so.
  if (end - start >= longestLine) return 'client';
  return full ? 'no' : 'more';
}

/** Whether the line that ends with the LF at `at` ends with a version. */
function endsLine(bytes: Buffer, at: number): boolean {
  const last = bytes[at - 1] === 0x0d ? at - 1 : at;
  return bytes[last - 9] === 0x20 && startsWith(bytes, last - 8, last, version) && isDigit(bytes[last - 1]!);
}

function isMethodByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f;
}

/** Origin form, asterisk form, absolute form or authority form (RFC 9112 §3.2). */
function isTargetStart(byte: number): boolean {
  const lower = byte | 0x20;
  return byte === 0x2f || byte === 0x2a || byte === 0x5b || isDigit(byte) || (lower >= 0x61 && lower <= 0x7a);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
