/** Recognises OpenWire by its first command, or at its ports by a command that fills its frame in one of the two encodings. */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';
import { startsWith } from '../text.ts';
import { fillsFrame } from './guess.ts';
import { codes, dataTypes } from './types.ts';
import { magic } from './wire-format.ts';

const ports: readonly number[] = [61616, 61617];
/** `maxFrameSize` of ActiveMQ is 100 MiB by default; more for those who raised it. */
export const maxFrameBytes = 512 * 1024 * 1024;

/** Whether a frame may begin so: its size, and the code of a command. */
export function framePlausible(bytes: Buffer, start: number, end: number): 'yes' | 'more' | 'no' {
  if (bytes[start]! > 0x1f) return 'no';
  if (end - start < 5) return 'more';
  const size = bytes.readUInt32BE(start);
  if (size < 5 || size > maxFrameBytes) return 'no';
  const code = bytes[start + 4]!;
  if (code === codes.wireFormatInfo)
    return startsWith(bytes, start + 5, end, magic.slice(0, Math.min(magic.length, end - start - 5))) ? 'yes' : 'no';
  if (code === codes.partial || code === codes.lastPartial) return 'yes';
  return dataTypes[code]?.isCommand === true && size >= 6 ? 'yes' : 'no';
}

export function probeOpenWire({ bytes, start, end, serverPort }: Input): Verdict {
  const plausible = framePlausible(bytes, start, end);
  if (plausible !== 'yes') return plausible;
  if (bytes[start + 4] === codes.wireFormatInfo) return end - start < 13 ? 'more' : 'either';
  if (!ports.includes(serverPort)) return 'no';
  if (start + 4 + bytes.readUInt32BE(start) > end) return 'more';
  return fillsFrame(bytes, start, end) ? 'either' : 'no';
}
