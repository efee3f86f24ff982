/** The content header: what is told of a message besides its body (§4.2.6.1; properties of class Basic §1.8). */
import { findTraceHeader, offerTraceHeader } from '../../trace-context/headers.ts';
import type { Message } from '../message.ts';
import type { ProtocolOptions } from '../options.ts';
import { word } from '../text.ts';
import { TableCursor } from './table.ts';

/** Properties in the order of their flags, from bit 15 down; s text, t table, o octet, T 8 bytes. */
const properties: readonly (readonly [name: string, type: 's' | 't' | 'o' | 'T'])[] = [
  ['contentType', 's'],
  ['contentEncoding', 's'],
  ['headers', 't'],
  ['deliveryMode', 'o'],
  ['priority', 'o'],
  ['correlationId', 's'],
  ['replyTo', 's'],
  ['expiration', 's'],
  ['messageId', 's'],
  ['timestamp', 'T'],
  ['type', 's'],
  ['userId', 's'],
  ['appId', 's'],
  ['clusterId', 's'],
];

/** Those that become facts. */
const kept: ReadonlySet<string> = new Set(['correlationId', 'replyTo', 'messageId', 'appId']);

const table = new TableCursor();

/**
 * Reads the properties that begin with their flags at `at`: the trace context goes to `message`, ids become facts of it. Stops where the bytes do.
 */
export function readProperties(
  message: Message,
  bytes: Buffer,
  at: number,
  end: number,
  options: ProtocolOptions,
): void {
  if (end - at < 2) return;
  const flags = bytes.readUInt16BE(at);
  let position = at + 2;
  // More words of flags follow while the lowest bit is set; no class has so many properties.
  for (let word = flags; (word & 1) !== 0 && end - position >= 2; position += 2) word = bytes.readUInt16BE(position);
  for (let index = 0; index < properties.length; index++) {
    if ((flags & (0x8000 >> index)) === 0) continue;
    if (position >= end) return;
    const [name, type] = properties[index]!;
    if (type === 'o') position += 1;
    else if (type === 'T') position += 8;
    else if (type === 's') {
      const next = position + 1 + bytes[position]!;
      if (next > end) return;
      if (kept.has(name)) message.fact(name, word(bytes, position + 1, next));
      position = next;
    } else {
      table.begin(bytes, position, end);
      while (table.next()) {
        const header = findTraceHeader(bytes, table.nameStart, table.nameEnd, options);
        if (header !== '') offerTraceHeader(message, header, table.text, options);
      }
      if (table.tableEnd < 0) return;
      position = table.tableEnd;
    }
  }
}
