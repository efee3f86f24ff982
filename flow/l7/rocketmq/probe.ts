/** Recognises RocketMQ's remoting commands: lengths that fit each other, then a JSON header with a code or a binary one whose lengths fill it. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';
import { isAskedByServer, requestName } from './codes.ts';
import { binaryFits, forms, Header, prefixBytes, shortestBinary } from './header.ts';

/** Netty's limit in RocketMQ is 16 MiB by default; it can be raised. */
const maxCommandBytes = 512 * 1024 * 1024;
/** Longer headers are not waited for. */
export const maxHeaderBytes = 60 * 1024;

const header = new Header();

export function probeRocketMq({ bytes, start, end, full }: Input): Verdict {
  const lengths = lengthsFit(bytes, start, end);
  if (lengths !== 'yes') return lengths;
  const form = bytes[start + 4]!;
  const headerEnd = start + prefixBytes + (bytes.readUInt32BE(start + 4) & 0xff_ffff);
  if (form === forms.json && end - start > prefixBytes) {
    if (!startsWith(bytes, start + prefixBytes, end, '{"'.slice(0, end - start - prefixBytes))) return 'no';
  }
  if (headerEnd > end) return full ? 'no' : 'more';
  if (form === forms.binary && !binaryFits(bytes, start + prefixBytes, headerEnd)) return 'no';
  if (!header.read(form, bytes, start + prefixBytes, headerEnd)) return 'no';
  if (header.isResponse) return 'server';
  if (requestName(header.code) === '') return 'no';
  return isAskedByServer(header.code) ? 'server' : 'client';
}

/** Whether both lengths agree. */
export function lengthsFit(bytes: Buffer, start: number, end: number): 'yes' | 'more' | 'no' {
  if (bytes[start]! > 0x1f) return 'no';
  if (end - start < prefixBytes) return 'more';
  const total = bytes.readUInt32BE(start);
  const form = bytes[start + 4]!;
  const length = bytes.readUInt32BE(start + 4) & 0xff_ffff;
  if (total > maxCommandBytes || total < length + 4 || length > maxHeaderBytes) return 'no';
  if (form === forms.json) return length >= 20 ? 'yes' : 'no';
  return form === forms.binary && length >= shortestBinary ? 'yes' : 'no';
}
