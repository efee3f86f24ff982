/** Recognises memcached: a whole command line, a whole reply line, a binary header, each behind a datagram's header on UDP. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { interned } from '../text.ts';
import { binaryHeaderBytes, requestMagic, responseMagic } from './binary.ts';
import { commands, longestCommand, opcodeName } from './commands.ts';
import { countWords, lineEnd, newline, sizeOf, word, wordEnd } from './lines.ts';
import { datagramHeaderBytes } from './parser.ts';

const longestProbedLine = 2048;
const longestProbedBody = 128 * 1024 * 1024;
/** Words that no other protocol's line begins with. */
const strongReplies = new Set(
  'VALUE STORED NOT_STORED END NOT_FOUND DELETED TOUCHED STAT HD EN VA MN NF NS EX'.split(' '),
);

export function probeMemcached(input: Input): Verdict {
  const { bytes, end } = input;
  let { start } = input;
  if (input.transport === 'udp') {
    // No answer of many datagrams, or its first; the reserved field is zero.
    if (
      end - start <= datagramHeaderBytes ||
      bytes.readUInt16BE(start + 2) !== 0 ||
      bytes.readUInt16BE(start + 6) !== 0
    )
      return 'no';
    if (bytes.readUInt16BE(start + 4) === 0) return 'no';
    start += datagramHeaderBytes;
  }
  const first = bytes[start]!;
  if (first === requestMagic || first === responseMagic) return probeBinary(bytes, start, end);
  const name = wordEnd(bytes, start, Math.min(end, start + longestCommand + 1));
  if (name === end && end - start <= longestCommand) return couldBegin(bytes, start, end) ? 'more' : 'no';
  const text = interned.get(bytes, start, name);
  const command = commands.get(text);
  const isReply = strongReplies.has(text);
  if (command === undefined && !isReply) return 'no';
  const ended = newline(bytes, start, Math.min(end, start + longestProbedLine));
  if (ended < 0) return end - start >= longestProbedLine ? 'no' : 'more';
  const line = lineEnd(bytes, start, ended);
  for (let at = start; at < line; at++) if (bytes[at]! < 0x20 || bytes[at]! === 0x7f) return 'no';
  if (ended === start || bytes[ended - 1] !== 0x0d) return 'no';
  if (command === undefined) return text !== 'VALUE' || sizeOf(word(bytes, start, line, 3)) >= 0 ? 'server' : 'no';
  const words = countWords(bytes, start, line);
  if (words < command.least || words > command.most) return 'no';
  return command.shape === 'plain' || sizeOf(word(bytes, start, line, command.size)) >= 0 ? 'client' : 'no';
}

function couldBegin(bytes: Buffer, start: number, end: number): boolean {
  const lower = bytes[start]! >= 0x61;
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code !== 0x5f && (lower ? code < 0x61 || code > 0x7a : code < 0x41 || code > 0x5a)) return false;
  }
  return true;
}

function probeBinary(bytes: Buffer, start: number, end: number): Verdict {
  if (end - start < binaryHeaderBytes) return end - start > 1 && opcodeName(bytes[start + 1]!) === '' ? 'no' : 'more';
  const length = bytes.readUInt32BE(start + 8);
  const needed = bytes.readUInt16BE(start + 2) + bytes[start + 4]!;
  if (
    opcodeName(bytes[start + 1]!) === '' ||
    bytes[start + 5] !== 0 ||
    bytes[start + 4]! > 24 ||
    needed > length ||
    length > longestProbedBody
  )
    return 'no';
  return bytes[start] === requestMagic ? 'client' : 'server';
}
