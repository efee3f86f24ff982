/**
 * The binary protocol of memcached.
 *
 *   magic:1 (80 request, 81 response)  opcode:1  key length:2  extras length:1  data type:1  vbucket or status:2  body length:4  opaque:4  cas:8
 *   extras  key  value
 */
import type { Input } from '../input.ts';
import { lost } from '../protocol.ts';
import type { Session } from '../session.ts';
import { utf8 } from '../text.ts';
import { binaryStatus, isQuiet, opcodeName } from './commands.ts';
import type { Turns } from './turns.ts';

export const binaryHeaderBytes = 24;
export const requestMagic = 0x80;
export const responseMagic = 0x81;
const longestBody = 1024 * 1024 * 1024;
const longestKey = 250;
const longestError = 512;
const statOpcode = 0x10;
const quitQuietly = 0x17;

/** Reads one message at `start` of a window that ends at `end`. */
export function readBinary(input: Input, start: number, end: number, session: Session, turns: Turns): number {
  const { bytes } = input;
  if (end - start < binaryHeaderBytes) return input.full ? lost : start;
  const isResponse = bytes[start] === responseMagic;
  const opcode = bytes[start + 1]!;
  const name = opcodeName(opcode);
  const keyLength = bytes.readUInt16BE(start + 2);
  const extras = bytes[start + 4]!;
  const length = bytes.readUInt32BE(start + 8);
  if (length > longestBody || extras + keyLength > length || isResponse !== (input.side === 1)) return lost;
  const next = start + binaryHeaderBytes + length;
  const key = start + binaryHeaderBytes + extras;
  const failed = isResponse && bytes.readUInt16BE(start + 6) !== 0;
  const head = failed ? Math.min(next, key + longestError) : key + Math.min(keyLength, longestKey);
  if (head > end && !input.full) return start;
  const message = session.begin(isResponse ? 'response' : 'request', input);
  const opaque = bytes.readUInt32BE(start + 12);
  const tag = opaque * 256 + opcode;
  message.method = name || `0x${opcode.toString(16)}`;
  message.version = 'binary';
  message.length = length;
  message.fact('requestId', opaque);
  const keyText = keyLength > 0 ? utf8(bytes, key, Math.min(end, key + Math.min(keyLength, longestKey))) : '';
  if (!isResponse) {
    message.resource = keyText === '' ? message.method : `${message.method} ${keyText}`;
    if (opcode === quitQuietly) message.kind = 'session';
    else turns.add({ quiet: isQuiet(opcode), tag });
    session.emit(message);
    return next;
  }
  const code = bytes.readUInt16BE(start + 6);
  const [status, fault] = binaryStatus(code);
  message.statusCode = code;
  message.status = fault;
  message.result = status;
  if (fault !== 'ok') message.error = utf8(bytes, key + keyLength, Math.min(end, next), longestError) || status;
  turns.answer(input, tag);
  // Statistics come one by one; the last has no name.
  message.more = opcode === statOpcode && code === 0 && keyLength > 0;
  if (!message.more) turns.done();
  session.emit(message);
  return next;
}
