/** Whether bytes begin with HTTP/2: its preface, or, in the middle of a connection, frames that fit together. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';
import { flags, frameHead, frameLength, frameTypes, isFrameHead, preface } from './frames.ts';

const mostFrames = 64;

/**
 * From the middle, all that is there must be frames, and one of them must be strong: a PING, SETTINGS or WINDOW_UPDATE has many fixed bits;
 * HEADERS count when a pseudo-header of the static table stands in front, which tells the side as well.
 */
export function probeHttp2({ bytes, start, end, full }: Input): Verdict {
  const available = Math.min(end - start, preface.length);
  if (startsWith(bytes, start, end, preface.slice(0, available))) {
    return available >= 14 ? 'client' : full ? 'no' : 'more';
  }
  if (end - start < frameHead) return full || !mayBeHead(bytes, start, end) ? 'no' : 'more';
  let strong = false;
  for (let at = start, count = 0; count < mostFrames; count++) {
    if (end - at < frameHead) break;
    if (!isFrameHead(bytes, at, true)) return 'no';
    const type = bytes[at + 3]!;
    const next = at + frameHead + frameLength(bytes, at);
    if (type === frameTypes.headers) {
      const side = pseudoHeader(bytes, at, next, Math.min(next, end));
      if (side !== 'no') return side;
    }
    if (next > end) break;
    strong ||= isStrong(bytes, at, type);
    at = next;
  }
  return strong ? 'either' : 'no';
}

/** The first bytes of a length and a type. */
function mayBeHead(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== 0) return false;
  return end - start < 4 || bytes[start + 3]! <= frameTypes.continuation;
}

/** A frame of connection control that is there in full and says something sensible. */
function isStrong(bytes: Buffer, at: number, type: number): boolean {
  switch (type) {
    case frameTypes.ping:
      return true;
    case frameTypes.settings:
      return isSettings(bytes, at);
    case frameTypes.windowUpdate: {
      const increment = bytes.readUInt32BE(at + frameHead);
      return increment > 0 && increment <= 0x7fffffff;
    }
    default:
      return false;
  }
}

function isSettings(bytes: Buffer, at: number): boolean {
  const length = frameLength(bytes, at);
  if ((bytes[at + 4]! & flags.ack) !== 0) return length === 0;
  for (let entry = 0; entry < length; entry += 6) {
    const id = bytes.readUInt16BE(at + frameHead + entry);
    if (id === 0 || (id > 16 && id < 0xfe00)) return false;
  }
  return true;
}

/** Looks at the first field of a block: pseudo-headers come first (RFC 9113 §8.3). The rest must have the form of fields. */
function pseudoHeader(bytes: Buffer, frame: number, frameEnd: number, end: number): Verdict {
  let at = frame + frameHead;
  const frameFlags = bytes[frame + 4]!;
  let blockEnd = frameEnd;
  if ((frameFlags & flags.padded) !== 0) {
    if (at >= end) return 'no';
    blockEnd -= bytes[at++]!;
  }
  if ((frameFlags & flags.priority) !== 0) at += 5;
  // A table size update may come before.
  while (at < end && (bytes[at]! & 0xe0) === 0x20) at = skipNumber(bytes, at, end, 5);
  if (at >= end || blockEnd <= at) return 'no';
  const byte = bytes[at]!;
  const index = byte >= 0x80 ? byte & 0x7f : byte >= 0x40 ? byte & 0x3f : byte & 0x0f;
  const whole = (frameFlags & flags.endHeaders) !== 0 && blockEnd <= end;
  if (index < 1 || index > 14 || !areFields(bytes, at, Math.min(blockEnd, end), whole)) return 'no';
  return index <= 7 ? 'client' : 'server';
}

/** Walks over fields without reading them (RFC 7541 §6); `whole`: the last must end where the block does. */
function areFields(bytes: Buffer, start: number, end: number, whole: boolean): boolean {
  let at = start;
  while (at < end) {
    const first = bytes[at]!;
    if (first === 0x80) return false;
    if (first > 0x80) {
      at = skipNumber(bytes, at, end, 7);
      continue;
    }
    if ((first & 0xe0) === 0x20) return false;
    const prefix = (first & 0x40) !== 0 ? 6 : 4;
    const named = (first & ((1 << prefix) - 1)) === 0;
    at = skipNumber(bytes, at, end, prefix);
    if (named) at = skipText(bytes, at, end);
    at = skipText(bytes, at, end);
  }
  return at === end || !whole;
}

/** Position after a number; beyond `end` when it is cut, or longer than any number that makes sense. */
function skipNumber(bytes: Buffer, at: number, end: number, bits: number): number {
  const mask = (1 << bits) - 1;
  if ((bytes[at]! & mask) < mask) return at + 1;
  for (let next = at + 1; next < end && next < at + 4; next++) if (bytes[next]! < 0x80) return next + 1;
  return end + 1;
}

function skipText(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return end + 1;
  let length = bytes[at]! & 0x7f;
  const after = skipNumber(bytes, at, end, 7);
  if (after > end) return after;
  if (length === 0x7f)
    for (let next = at + 1; next < after; next++) length += (bytes[next]! & 0x7f) << (7 * (next - at - 1));
  return Math.min(after + length, end + 1);
}
