/** Whether bytes begin with a FastCGI record that opens a conversation. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { beginsWithPair } from './params.ts';
import { isRecordHead, recordHead, recordTypes } from './records.ts';

const longestName = 64;

/**
 * The client begins with BEGIN_REQUEST, whose sixteen bytes are nearly fixed; from the middle it is known by the first of its parameters,
 * and an answer by the first field of its CGI head.
 */
export function probeFastCgi({ bytes, start, end, full }: Input): Verdict {
  const short: Verdict = full ? 'no' : 'more';
  if (bytes[start] !== 1 || end === start) return 'no';
  if (end - start < recordHead) return end - start === 1 || isOpening(bytes[start + 1]!) ? short : 'no';
  if (!isRecordHead(bytes, start)) return 'no';
  switch (bytes[start + 1]) {
    case recordTypes.beginRequest:
      return end - start < 16 ? short : isBegin(bytes, start + recordHead) ? 'client' : 'no';
    case recordTypes.params: {
      const content = start + recordHead;
      const contentEnd = content + bytes.readUInt16BE(start + 4);
      return contentEnd > end && end - content < longestName
        ? contentEnd === content
          ? 'no'
          : short
        : beginsWithPair(bytes, content, contentEnd, end)
          ? 'client'
          : 'no';
    }
    case recordTypes.stdout:
      return beginsWithField(bytes, start + recordHead, end) ? 'server' : 'no';
    case recordTypes.endRequest:
      return end - start < 16
        ? short
        : bytes[start + 12]! <= 3 && bytes.readUIntBE(start + 13, 3) === 0
          ? 'server'
          : 'no';
    default:
      return 'no';
  }
}

function isOpening(type: number): boolean {
  return (
    type === recordTypes.beginRequest ||
    type === recordTypes.params ||
    type === recordTypes.stdout ||
    type === recordTypes.endRequest
  );
}

/** A role from 1 to 3, the flag to keep the connection, and zeros. */
function isBegin(bytes: Buffer, at: number): boolean {
  const role = bytes.readUInt16BE(at);
  return role >= 1 && role <= 3 && bytes[at + 2]! <= 1 && bytes.readUIntBE(at + 3, 5) === 0;
}

/** A field's name and its colon. */
function beginsWithField(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end && at - start < longestName; at++) {
    const byte = bytes[at]!;
    if (byte === 0x3a) return at > start;
    const lower = byte | 0x20;
    if (!(lower >= 0x61 && lower <= 0x7a) && byte !== 0x2d) return false;
  }
  return false;
}
