/** Properties of MQTT 5: stepped over by their types; topic alias, reason, user properties are kept (OASIS MQTT 5.0 §2.2.2). */
import { offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { utf8 } from '../text.ts';

/** Bytes of a value by property: 1, 2, 4, or what has a length: `v` varint, `s` text or bytes, `p` pair of texts. 0: no such property. */
const sizes = new Map<number, number | 'v' | 's' | 'p'>([
  [0x01, 1],
  [0x02, 4],
  [0x03, 's'],
  [0x08, 's'],
  [0x09, 's'],
  [0x0b, 'v'],
  [0x11, 4],
  [0x12, 's'],
  [0x13, 2],
  [0x15, 's'],
  [0x16, 's'],
  [0x17, 1],
  [0x18, 4],
  [0x19, 1],
  [0x1a, 's'],
  [0x1c, 's'],
  [0x1f, 's'],
  [0x21, 2],
  [0x22, 2],
  [0x23, 2],
  [0x24, 1],
  [0x25, 1],
  [0x26, 'p'],
  [0x27, 4],
  [0x28, 1],
  [0x29, 1],
  [0x2a, 1],
]);

const responseTopic = 0x08;
const correlationData = 0x09;
const assignedClientId = 0x12;
const reasonString = 0x1f;
const topicAlias = 0x23;

const longestCorrelation = 64;

/** What {@link readProperties} found. */
export class Properties {
  topicAlias = 0;
  reason = '';
  responseTopic = '';
  correlation = '';
  clientId = '';
  /** Position behind the properties; -1 when they are malformed. */
  next = -1;
}

/** Reads the length and the properties at `at`; user properties that carry a trace context are offered to the message. */
export function readProperties(
  out: Properties,
  message: Message,
  bytes: Buffer,
  at: number,
  end: number,
  options: ProtocolOptions,
): void {
  out.topicAlias = 0;
  out.reason = '';
  out.responseTopic = '';
  out.correlation = '';
  out.clientId = '';
  out.next = -1;
  const length = varint(bytes, at, end);
  if (length < 0) return;
  let position = at + varintBytes(length);
  const limit = position + length;
  if (limit > end) return;
  out.next = limit;
  while (position < limit) {
    const id = bytes[position++]!;
    const size = sizes.get(id);
    if (size === undefined) return;
    if (size === 'v') {
      const value = varint(bytes, position, limit);
      if (value < 0) return;
      position += varintBytes(value);
    } else if (size === 'p') {
      const name = textEnd(bytes, position, limit);
      const value = name < 0 ? -1 : textEnd(bytes, name, limit);
      if (value < 0) return;
      offerTraceHeader(message, utf8(bytes, position + 2, name, 128), utf8(bytes, name + 2, value, 1024), options);
      position = value;
    } else if (size === 's') {
      const next = textEnd(bytes, position, limit);
      if (next < 0) return;
      if (id === reasonString) out.reason = utf8(bytes, position + 2, next, 1024);
      else if (id === responseTopic) out.responseTopic = utf8(bytes, position + 2, next, 1024);
      else if (id === assignedClientId) out.clientId = utf8(bytes, position + 2, next, 1024);
      else if (id === correlationData && next - position - 2 <= longestCorrelation)
        out.correlation = printable(bytes, position + 2, next);
      position = next;
    } else {
      if (id === topicAlias && limit - position >= 2) out.topicAlias = bytes.readUInt16BE(position);
      position += size;
    }
  }
}

/** A variable byte integer (§1.5.5); -1 when it is not there in full or too long. */
export function varint(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    if (at + index >= end) return -1;
    const byte = bytes[at + index]!;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return value;
  }
  return -1;
}

/** How many bytes the shortest form of a variable byte integer takes; senders must use it. */
export function varintBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}

/** Where a text with its 2 bytes of length ends; -1 when that is beyond `end`. */
export function textEnd(bytes: Buffer, at: number, end: number): number {
  if (end - at < 2) return -1;
  const next = at + 2 + bytes.readUInt16BE(at);
  return next > end ? -1 : next;
}

function printable(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++)
    if (bytes[at]! < 0x20 || bytes[at]! > 0x7e) return bytes.toString('hex', start, end);
  return utf8(bytes, start, end);
}
