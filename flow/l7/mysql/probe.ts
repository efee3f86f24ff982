/** Recognises MySQL: the greeting, a login, a command, the beginning of an answer; compressed too. */

import { inflate, looksCompressed } from '../inflate.ts';
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { commandCodes, commandOf } from './commands.ts';
import { capabilities, compressedHeaderBytes, headerBytes, u16, u24, u32 } from './wire.ts';

const longestVersion = 64;
/** Bytes of a payload that suffice to tell. */
const enough = 32;

export function probeMysql(input: Input): Verdict {
  const { bytes, start, end } = input;
  if (end - start < headerBytes + 1) return couldBe(bytes, start, end) ? 'more' : 'no';
  const verdict = probePacket(bytes, start, end, false);
  if (verdict === 'no' && end - start < compressedHeaderBytes + headerBytes + 1 && couldBe(bytes, start, end))
    return 'more';
  return verdict === 'no' && end - start >= compressedHeaderBytes + headerBytes + 1
    ? probeCompressed(bytes, start, end)
    : verdict;
}

/** Sequence numbers begin at 0 or 1. */
function couldBe(bytes: Buffer, start: number, end: number): boolean {
  return end - start < 4 || bytes[start + 3]! <= 1;
}

/** Whether the stream is compressed; asked of the first bytes of a connection joined later. */
export function isCompressed(bytes: Buffer, start: number, end: number): boolean {
  return probePacket(bytes, start, end, false) === 'no' && probeCompressed(bytes, start, end) !== 'no';
}

function probeCompressed(bytes: Buffer, start: number, end: number): Verdict {
  const length = u24(bytes, start);
  const claimed = u24(bytes, start + 4);
  const inner = start + compressedHeaderBytes;
  if (bytes[start + 3]! > 1 || length < 5) return 'no';
  if (claimed === 0) return probePacket(bytes, inner, Math.min(end, inner + length), true);
  if (claimed < length || !looksCompressed(bytes, inner, end)) return 'no';
  const out = inflate(bytes, inner, Math.min(end, inner + length), claimed);
  return out === null ? 'no' : probePacket(out, 0, out.length, true);
}

function probePacket(bytes: Buffer, start: number, end: number, compressed: boolean): Verdict {
  if (end - start < headerBytes + 1) return 'no';
  const length = u24(bytes, start);
  const at = start + headerBytes;
  if (length === 0) return 'no';
  if (end - at < Math.min(length, enough) && bytes[start + 3]! <= 1)
    return couldBegin(bytes[at]!, bytes[start + 3]!) ? 'more' : 'no';
  switch (bytes[start + 3]) {
    case 0:
      if (bytes[at] === 0x0a && !compressed) {
        const verdict = probeGreeting(bytes, at, Math.min(end, at + length), length);
        if (verdict !== 'no') return verdict;
      }
      if (bytes[at] === 0xff) return probeError(bytes, at, end, length);
      return probeCommand(bytes, at, end, length);
    case 1:
      return probeSecond(bytes, at, end, length);
    default:
      return 'no';
  }
}

function couldBegin(first: number, sequence: number): boolean {
  return sequence === 1 || first === 0x0a || first === 0xff || commandOf(first) !== undefined;
}

/** 0a, version, 0. */
function probeGreeting(bytes: Buffer, at: number, end: number, length: number): Verdict {
  if (length < 40) return 'no';
  let index = at + 1;
  while (index < end && index - at <= longestVersion) {
    const code = bytes[index]!;
    if (code === 0) return index - at > 3 && bytes[at + 1]! >= 0x30 && bytes[at + 1]! <= 0x39 ? 'server' : 'no';
    if (code < 0x20 || code > 0x7e) return 'no';
    index++;
  }
  return index === end && end - at < length ? 'more' : 'no';
}

function probeError(bytes: Buffer, at: number, end: number, length: number): Verdict {
  if (length < 4 || length > 2048 || end - at < 4) return 'no';
  const code = u16(bytes, at + 1);
  if (code < 1000 || code > 20_000) return 'no';
  return printable(bytes, at + 3, Math.min(end, at + length)) ? 'server' : 'no';
}

function probeCommand(bytes: Buffer, at: number, end: number, length: number): Verdict {
  const command = bytes[at]!;
  const known = commandOf(command);
  if (known === undefined) return 'no';
  const whole = end - at >= length;
  switch (command) {
    case commandCodes.query:
    case commandCodes.prepare: {
      // Query attributes: no parameters, one set of them.
      const text = bytes[at + 1] === 0 && bytes[at + 2] === 1 ? at + 3 : at + 1;
      return length > 3 && beginsLikeSql(bytes, text, Math.min(end, at + length)) ? 'client' : 'no';
    }
    case commandCodes.initDb:
      return length > 1 && length <= 65 && whole && printable(bytes, at + 1, at + length) ? 'client' : 'no';
    case commandCodes.execute:
      return length >= 10 && end - at >= 10 && bytes[at + 5]! <= 0x0f && u32(bytes, at + 6) === 1 ? 'client' : 'no';
    case commandCodes.closeStatement:
    case commandCodes.resetStatement:
      return length === 5 && whole && u32(bytes, at + 1) < 0x1000000 ? 'client' : 'no';
    case commandCodes.fetch:
      return length === 9 && whole ? 'client' : 'no';
    default:
      return length === 1 &&
        end - at === 1 &&
        (command === 0x01 || command === 0x0e || command === 0x1f || command === 0x09)
        ? 'client'
        : 'no';
  }
}

/** A login, or the first packet of an answer. */
function probeSecond(bytes: Buffer, at: number, end: number, length: number): Verdict {
  switch (bytes[at]) {
    case 0xff:
      return probeError(bytes, at, end, length) === 'server' && bytes[at + 3] === 0x23 ? 'server' : 'no';
    case 0x00:
      if (length >= 7 && length < 1024 && end - at === length && bytes[at + 1]! < 0xfb && bytes[at + 2]! < 0xfb)
        return 'server';
      break;
    default:
      // A number of columns, and the first of them.
      if (
        length === 1 &&
        end - at >= 9 &&
        bytes[at + 4] === 2 &&
        bytes[at + 5] === 3 &&
        bytes[at + 6] === 0x64 &&
        bytes[at + 7] === 0x65
      )
        return 'server';
  }
  if (length < 32 || end - at < 32 || (u32(bytes, at) & capabilities.protocol41) === 0) return 'no';
  for (let index = at + 9; index < at + 28; index++) if (bytes[index] !== 0) return 'no';
  return 'client';
}

/** A word of letters, a comment or a bracket. */
function beginsLikeSql(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at]! <= 0x20 && at - start < 64) {
    const code = bytes[at]!;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false;
    at++;
  }
  if (at >= end) return false;
  const first = bytes[at]!;
  if (first === 0x2f || first === 0x2d || first === 0x28 || first === 0x23) return printable(bytes, at, end);
  let letters = 0;
  while (at < end && (bytes[at]! | 0x20) >= 0x61 && (bytes[at]! | 0x20) <= 0x7a) {
    at++;
    letters++;
  }
  // `commit` has nothing behind it.
  return letters >= 2 && letters <= 12 && (at === end || printable(bytes, at, Math.min(end, at + 24)));
}

function printable(bytes: Buffer, start: number, end: number): boolean {
  const checked = Math.min(end, start + 64);
  for (let at = start; at < checked; at++) {
    const code = bytes[at]!;
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return false;
  }
  return checked > start;
}
