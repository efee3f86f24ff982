/** Reads a spool file in pieces that fit the processor's cache. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { MessageGroup } from '../../clickhouse/inserts.ts';
import { readRecords } from './record.ts';
import type { Segment } from './segment-writer.ts';

/**
 * Larger pieces cost more per span, because their bytes leave the cache before they are used: 3.5 us a span when a file
 * of 32 MB is read at once, 2.9 us so. A piece is read in about a millisecond, so the event loop can wait for it.
 */
const pieceBytes = 8 * 1024 * 1024;

/** What could not be read. */
export interface Losses {
  /** Bytes at the end that are not a whole record: never acknowledged. */
  tornBytes: number;
  /** Whole records that the disk changed. */
  damaged: number;
}

/** A reader has one buffer, which each group of messages lies in until the next is taken. */
export function createSegmentReader(onLosses: (segment: Segment, losses: Losses) => void) {
  let buffer: Buffer = Buffer.alloc(0);

  /** Makes room for what is there and as much again as a piece. */
  function grow(held: number): void {
    if (buffer.length - held >= pieceBytes) return;
    const larger = Buffer.allocUnsafeSlow(held + pieceBytes);
    buffer.copy(larger, 0, 0, held);
    buffer = larger;
  }

  return function* read(segment: Segment): Generator<MessageGroup> {
    const file = openSync(segment.path, 'r');
    try {
      const losses: Losses = { tornBytes: 0, damaged: 0 };
      let held = 0;
      for (;;) {
        grow(held);
        const length = readSync(file, buffer, held, pieceBytes, null);
        held += length;
        const records = readRecords(segment.signal, buffer.subarray(0, held), segment.found);
        losses.damaged += records.damaged;
        losses.tornBytes = records.tornBytes;
        if (records.messages.length > 0) yield { messages: records.messages, items: records.items };
        if (length === 0) break;
        // A record that goes on in the next piece.
        buffer.copyWithin(0, held - records.tornBytes, held);
        held = records.tornBytes;
      }
      if (losses.tornBytes > 0 || losses.damaged > 0) onLosses(segment, losses);
    } finally {
      closeSync(file);
    }
  };
}
