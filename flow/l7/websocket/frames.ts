/** The head of a WebSocket frame (RFC 6455 §5.2). */
import type { Side } from '../message.ts';

/*
 * Frame: FIN (1 bit), RSV (3), opcode (4), MASK (1), length (7), the length in 2 bytes when it is 126, in 8 when it is 127, masking key
 * (4) when MASK is set, payload.
 */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Payload of a control frame (§5.5). */
export const longestControl = 125;

/** Bytes of the head that begins with these two. */
export function headLength(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + ((second & 0x80) === 0 ? 0 : 4);
}

/** Bytes of the payload, when the whole head is there; -1 when it is more than can be, or not in its shortest form. */
export function payloadLength(bytes: Buffer, start: number): number {
  const short = bytes[start + 1]! & 0x7f;
  if (short < 126) return short;
  if (short === 126) {
    const length = bytes.readUInt16BE(start + 2);
    return length < 126 ? -1 : length;
  }
  const high = bytes.readUInt32BE(start + 2);
  const length = high * 2 ** 32 + bytes.readUInt32BE(start + 6);
  return high > 0xffff || length < 2 ** 16 ? -1 : length;
}

/** Whether the first two bytes can begin a frame. Reserved bits are left to extensions. */
export function isFrame(first: number, second: number): boolean {
  const opcode = first & 0x0f;
  if (opcode <= opcodes.binary) return true;
  return opcode >= opcodes.close && opcode <= opcodes.pong && (first & 0x80) !== 0 && (second & 0x7f) <= longestControl;
}

/** Whether a frame of this side stands at `at`, as strictly as can be: only a client masks (§5.1), and no extension uses RSV2 and RSV3. */
export function fitsSide(bytes: Buffer, at: number, end: number, side: Side): boolean {
  if (end - at < 2) return false;
  const first = bytes[at]!;
  const second = bytes[at + 1]!;
  if ((first & 0x30) !== 0 || !isFrame(first, second) || ((second & 0x80) !== 0) !== (side === 0)) return false;
  return end - at >= headLength(second) && payloadLength(bytes, at) >= 0;
}
