/**
 * The frames of HTTP/2 (RFC 9113 §4.1, §6), and which of them are plausible.
 *
 *   length (3)  type (1)  flags (1)  reserved bit and stream (4)  payload (length)
 */

export const frameHead = 9;
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Frames longer than this are not believed: the default limit is 16 KiB, few raise it beyond 1 MiB. */
const longestFrame = 4 * 1024 * 1024;
/** What a side accepts when it has not said otherwise (§6.5.2), and heads do not need more. */
const longestHeaders = 16 * 1024;

/** The flags each type may have; others are sent as 0 (§4.1). */
const allowedFlags = [0x9, 0x2d, 0, 0, 0x1, 0xc, 0x1, 0, 0, 0x4];

export function frameLength(bytes: Buffer, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

export function frameStream(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 5) & 0x7fffffff;
}

/**
 * Whether the nine bytes at `at` can be the head of a frame. Types that the RFC does not know are none to `strict` readers, who look for
 * frames where there may be none.
 */
export function isFrameHead(bytes: Buffer, at: number, strict: boolean): boolean {
  const type = bytes[at + 3]!;
  const length = frameLength(bytes, at);
  if (length > longestFrame) return false;
  const stream = bytes.readUInt32BE(at + 5);
  if (strict) {
    if (type >= allowedFlags.length || (bytes[at + 4]! & ~allowedFlags[type]!) !== 0 || stream > 0x7fffffff)
      return false;
  }
  const id = stream & 0x7fffffff;
  switch (type) {
    case frameTypes.data:
    case frameTypes.continuation:
      return id !== 0;
    case frameTypes.headers:
      // Streams of even numbers are pushed, which hardly anyone does.
      return id !== 0 && length > 0 && (!strict || (length <= longestHeaders && (id & 1) === 1));
    case frameTypes.priority:
      return id !== 0 && length === 5;
    case frameTypes.resetStream:
      return id !== 0 && length === 4;
    case frameTypes.settings:
      return id === 0 && length % 6 === 0 && (!strict || length <= 600);
    case frameTypes.pushPromise:
      return id !== 0 && length > 4;
    case frameTypes.ping:
      return id === 0 && length === 8;
    case frameTypes.goAway:
      return id === 0 && length >= 8;
    case frameTypes.windowUpdate:
      return length === 4;
    default:
      return true;
  }
}

const errorCodes = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** Name of an error code (§7). */
export function errorName(code: number): string {
  return errorCodes[code] ?? `ERROR_${code}`;
}
