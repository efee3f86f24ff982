/** The bytes a parser is offered: a window of one side's stream, with their time and place. */
import type { Transport } from '../identity.ts';
import type { Evidence } from './evidence.ts';
import type { Side } from './message.ts';

/** One object per analyser, filled anew for every offer; valid during the call only. */
export class Input {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  side: Side = 0;
  transport: Transport = 'tcp';
  /** No more bytes will be added to this window before it is read. */
  full = false;
  /** Arrival of the byte at `start`, and of the last byte. Nanoseconds after the capture's epoch. */
  startNs = 0;
  timeNs = 0;
  frame = 0;
  /** TCP sequence number of the byte at `start`; 0 for datagrams. */
  seq = 0;
  /** Position of the byte at `start` in its side's stream. */
  offset = 0;
  /** Set while the bytes were observed inside a process; null for packets. */
  evidence: Evidence | null = null;
  clientPort = 0;
  serverPort = 0;

  get length(): number {
    return this.end - this.start;
  }
}
