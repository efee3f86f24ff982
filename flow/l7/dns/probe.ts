/** Recognises DNS by a header whose every field makes sense and a first question that is one. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { nameEnd, readName } from './names.ts';
import { isKnownType } from './numbers.ts';
import { headerBytes, multicastPort } from './parser.ts';

const u16 = (bytes: Buffer, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

export function probeDns(input: Input): Verdict {
  const { bytes, start, end } = input;
  if (input.transport !== 'tcp') return probeMessage(input, start, end, end - start);
  if (end - start < 2) return 'more';
  const length = u16(bytes, start);
  if (length < headerBytes + 5) return 'no';
  return probeMessage(input, start + 2, Math.min(end, start + 2 + length), length);
}

function probeMessage(input: Input, start: number, end: number, length: number): Verdict {
  const { bytes } = input;
  const whole = end - start >= length;
  if (end - start < headerBytes) return whole ? 'no' : 'more';
  const flags = u16(bytes, start + 2);
  const isResponse = (flags & 0x8000) !== 0;
  const opcode = (flags >> 11) & 0xf;
  const questions = u16(bytes, start + 4);
  const answers = u16(bytes, start + 6);
  const multicast = input.serverPort === multicastPort || input.clientPort === multicastPort;
  // The reserved bit is zero (RFC 1035 §4.1.1); a query has no response code, and no answers but to a group.
  if (opcode > 5 || opcode === 3 || (flags & 0x40) !== 0) return 'no';
  if (!isResponse && ((flags & 0xf) !== 0 || (answers > 0 && !multicast && opcode === 0))) return 'no';
  if (questions > 16 || answers > 4096 || u16(bytes, start + 8) > 4096 || u16(bytes, start + 10) > 4096) return 'no';
  if (questions === 0 && !(multicast && isResponse && answers > 0)) return 'no';
  const name = readName(bytes, start + headerBytes, start, end);
  if (name === null || nameEnd + 4 > end) return whole ? 'no' : 'more';
  const type = u16(bytes, nameEnd);
  const kind = u16(bytes, nameEnd + 2) & (multicast ? 0x7fff : 0xffff);
  if (!isKnownType(type) || (kind !== 1 && kind !== 3 && kind !== 4 && kind < 254) || kind > 255) return 'no';
  if (multicast) return 'either';
  return isResponse ? 'server' : 'client';
}
