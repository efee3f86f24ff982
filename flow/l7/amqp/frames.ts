/** Frames of AMQP 0-9-1 and what a connection is recognised by (§2.3, §4.2 of the specification). */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';
import { methodOf } from './methods.ts';

/*
 * Frame: type (1), channel (2), size (4), payload, 0xCE.
 * Types: 1 method (class 2, method 2, arguments), 2 content header (class 2, weight 2, body size 8, property flags 2, properties),
 * 3 body, 8 heartbeat. A connection begins with "AMQP" 0 0 9 1 from the client.
 */
export const frameTypes = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
export const frameHeadBytes = 7;
/** RabbitMQ's default frame_max is 128 KiB; 0 is "no limit", which nobody uses in earnest. */
const maxFrameBytes = 256 * 1024 * 1024;

/** Whether a frame may begin so: type, size, and the end mark when it is in the window. */
export function framePlausible(bytes: Buffer, start: number, end: number): 'yes' | 'more' | 'no' {
  const type = bytes[start]!;
  if (type !== 8 && (type < 1 || type > 3)) return 'no';
  if (end - start < frameHeadBytes) return 'more';
  const size = bytes.readUInt32BE(start + 3);
  if (size > maxFrameBytes) return 'no';
  const channel = bytes.readUInt16BE(start + 1);
  if (type === frameTypes.heartbeat ? size !== 0 || channel !== 0 : type === frameTypes.method && size < 4) return 'no';
  if (type === frameTypes.header && size < 14) return 'no';
  if (type !== frameTypes.method && type !== frameTypes.heartbeat && channel === 0) return 'no';
  const last = start + frameHeadBytes + size;
  return last < end && bytes[last] !== 0xce ? 'no' : 'yes';
}

/** Versions 0-8, 0-9 and 0-9-1; 1.0 and 0-10 are other protocols with the same first four letters. */
export function headerVersion(bytes: Buffer, start: number): string {
  if (startsWith(bytes, start, start + 8, 'AMQP\0\0\x09\x01')) return '0-9-1';
  if (startsWith(bytes, start, start + 8, 'AMQP\x01\x01\0\x09')) return '0-9';
  if (startsWith(bytes, start, start + 8, 'AMQP\x01\x01\x08\0')) return '0-8';
  return '';
}

/** A connection joined late is known by a whole method frame, or a content header, whose mark is where its size says. */
export function probeAmqp({ bytes, start, end, side }: Input): Verdict {
  const available = end - start;
  if (bytes[start] === 0x41) {
    if (available < 8) return startsWith(bytes, start, end, 'AMQP'.slice(0, Math.min(4, available))) ? 'more' : 'no';
    // A server sends it too, to refuse another version; then it is on the side that a client is not.
    if (headerVersion(bytes, start) === '') return 'no';
    return side === 0 ? 'client' : 'either';
  }
  const plausible = framePlausible(bytes, start, end);
  if (plausible !== 'yes') return plausible;
  const type = bytes[start]!;
  const mark = start + frameHeadBytes + bytes.readUInt32BE(start + 3);
  if (type === frameTypes.heartbeat) return available === 7 ? 'more' : 'either';
  if (type === frameTypes.body || available < 11) return type === frameTypes.body ? 'no' : 'more';
  if (type === frameTypes.header) {
    if (bytes.readUInt32BE(start + 7) !== 60 << 16) return 'no';
    return mark < end ? 'either' : 'more';
  }
  const method = methodOf(bytes.readUInt16BE(start + 7), bytes.readUInt16BE(start + 9));
  if (method === undefined) return 'no';
  if (mark >= end) return 'more';
  if (method.side === null) return 'either';
  return method.side === 0 ? 'client' : 'server';
}
