/** Greeting, frames and commands of ZMTP 3.0 and 3.1, and of 2.0 (rfc.zeromq.org 23, 37 and 15). */
import type { Input } from '../input.ts';
import type { Verdict } from '../protocol.ts';

/*
 * Greeting of 3.x, 64 bytes: 0xFF, 8 bytes, 0x7F, major, minor, mechanism (20, padded with zeros), whether as server (1), filler (31).
 * Greeting of 2.0, 12 bytes: 0xFF, 8 bytes, 0x7F, 1, socket type.
 * Frame: flags (1: bit 0 more follow, bit 1 long, bit 2 command), size (1 or 8), body.
 * Command: length of the name (1), name, data. Metadata: length (1) and name, length (4) and value, of each property.
 */
export const signatureBytes = 10;
export const greetingBytes = 64;
export const oldGreetingBytes = 12;

export const flags = { more: 1, long: 2, command: 4 } as const;
/** The longest frame that is believed. */
const maxFrameBytes = 2 ** 40;

/** A connection is known by its greeting alone: later frames look like anything. */
export function probeZmtp({ bytes, start, end }: Input): Verdict {
  if (bytes[start] !== 0xff) return 'no';
  if (end - start < signatureBytes + 1) {
    for (let at = start + 1; at < Math.min(end, start + 8); at++) if (bytes[at] !== 0) return 'no';
    if (end - start === signatureBytes && bytes[start + 9] !== 0x7f) return 'no';
    return 'more';
  }
  return isGreeting(bytes, start) ? 'either' : 'no';
}

/** Whether a signature and a version that is known begin here. */
export function isGreeting(bytes: Buffer, start: number): boolean {
  if (bytes[start] !== 0xff || bytes[start + 9] !== 0x7f) return false;
  for (let at = start + 1; at < start + 8; at++) if (bytes[at] !== 0) return false;
  const major = bytes[start + 10]!;
  return major === 1 || major === 3;
}

/** Socket types of ZMTP 2.0 by their number. */
export const oldSocketTypes = ['PAIR', 'PUB', 'SUB', 'REQ', 'REP', 'DEALER', 'ROUTER', 'PULL', 'PUSH'];

/** The head of a frame; filled anew by {@link read}. */
export class Frame {
  flags = 0;
  bodyStart = 0;
  bodyLength = 0;

  read(bytes: Buffer, start: number, end: number): 'yes' | 'more' | 'no' {
    this.flags = bytes[start]!;
    if (this.flags > 7) return 'no';
    // A command is one frame.
    if ((this.flags & flags.command) !== 0 && (this.flags & flags.more) !== 0) return 'no';
    if ((this.flags & flags.long) === 0) {
      if (end - start < 2) return 'more';
      this.bodyLength = bytes[start + 1]!;
      this.bodyStart = start + 2;
      return 'yes';
    }
    if (end - start < 9) return 'more';
    this.bodyLength = bytes.readUInt32BE(start + 1) * 0x1_0000_0000 + bytes.readUInt32BE(start + 5);
    this.bodyStart = start + 9;
    return this.bodyLength <= maxFrameBytes ? 'yes' : 'no';
  }
}
