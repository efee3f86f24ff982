/** Recognises the beginning of a TLS stream: a handshake record that begins with a hello. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { handshakes, records } from './numbers.ts';

export const recordHeadBytes = 5;
/** 2^14 and what encryption may add (RFC 5246 §6.2.3). */
const maxRecordBytes = 16_384 + 2048;
/** A hello without extensions has 38 bytes; nobody sends one of this size. */
const maxHelloBytes = 64 * 1024;

export function probeTls({ bytes, start, end }: Input): Verdict {
  if (bytes[start] !== records.handshake) return 'no';
  if (end - start < recordHeadBytes) return end - start > 1 && bytes[start + 1] !== 3 ? 'no' : 'more';
  const length = recordLength(bytes, start);
  // A record so short that it does not hold the message's head would tell too little.
  if (length < 6) return 'no';
  const at = start + recordHeadBytes;
  if (at + 6 > end) return 'more';
  const type = bytes[at]!;
  if (type !== handshakes.clientHello && type !== handshakes.serverHello) return 'no';
  const helloBytes = bytes.readUIntBE(at + 1, 3);
  if (helloBytes < 38 || helloBytes > maxHelloBytes) return 'no';
  if (bytes[at + 4] !== 3 || bytes[at + 5]! > 4) return 'no';
  return type === handshakes.clientHello ? 'client' : 'server';
}

/** Length of the record that begins at `at`, without its head of five bytes; -1 when none does. */
export function recordLength(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  if (type < records.changeCipherSpec || type > records.heartbeat) return -1;
  if (bytes[at + 1] !== 3 || bytes[at + 2]! > 4) return -1;
  const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  return length > maxRecordBytes ? -1 : length;
}
