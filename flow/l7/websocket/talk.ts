/** What passed on one WebSocket connection, for its span. */
import type { Side } from '../message.ts';

/** One direction. */
export class Passed {
  /** Messages that ended, and the bytes of payload of all data frames. */
  messages = 0;
  bytes = 0;
  /** Its close frame, or its last byte, came. */
  over = false;
}

export class Talk {
  readonly sides: readonly [Passed, Passed] = [new Passed(), new Passed()];
  /** Bytes on the wire, both ways. */
  wireBytes = 0;
  /** Who sent the first close frame; -1 while there is none. */
  closedBy: Side | -1 = -1;
  /** -1: the frame had no code. */
  closeCode = -1;
  closeReason = '';
}
