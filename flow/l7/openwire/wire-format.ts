/** WireFormatInfo: the first command of both ends, which settles how all others are encoded. */
import { startsWith } from '../text.ts';
import { PropertyCursor } from './properties.ts';

export interface WireFormat {
  readonly version: number;
  readonly tight: boolean;
  readonly cached: boolean;
  readonly stackTraces: boolean;
}

/** The last version of the protocol, of ActiveMQ 5.10 and later. */
export const maxVersion = 12;

/** What two ends agree on. */
export function negotiate(first: WireFormat, second: WireFormat): WireFormat {
  return {
    version: Math.min(first.version, second.version),
    tight: first.tight && second.tight,
    cached: first.cached && second.cached,
    stackTraces: first.stackTraces && second.stackTraces,
  };
}

export const magic = 'ActiveMQ';
const properties = new PropertyCursor();

/*
 * After size and type: "ActiveMQ" (8), version (4), whether there are properties (1), their length (4), a map of primitive values.
 * It is always in the loose encoding.
 */
export function readWireFormat(bytes: Buffer, start: number, end: number): WireFormat | null {
  if (end - start < 12 || !startsWith(bytes, start, end, magic)) return null;
  const version = bytes.readInt32BE(start + 8);
  if (version < 1 || version > 255) return null;
  const format = { version, tight: false, cached: false, stackTraces: false };
  if (end - start < 17 || bytes[start + 12] !== 1) return format;
  properties.begin(bytes, start + 17, Math.min(end, start + 17 + bytes.readUInt32BE(start + 13)));
  while (properties.next()) {
    switch (properties.name) {
      case 'TightEncodingEnabled':
        format.tight = properties.flag;
        break;
      case 'CacheEnabled':
        format.cached = properties.flag;
        break;
      case 'StackTraceEnabled':
        format.stackTraces = properties.flag;
        break;
      default:
    }
  }
  return format;
}
