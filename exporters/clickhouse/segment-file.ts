/** Names of spool files: `traces-1795219200000-9f86d081884c7d65.segment`. */
import type { Signal } from '../../pdata/batch.ts';
import { signals } from '../../pdata/batch.ts';

const pattern = /^(traces|metrics|logs|profiles)-(\d{13})-([0-9a-f]{16})\.segment$/;

export interface SegmentName {
  signal: Signal;
  /** When the file was opened, ms since 1970-01-01 UTC. Its day is the partition of all its rows. */
  openedMs: number;
  /** Unlike any other segment's in the world; the deduplication tokens of its inserts begin with it. */
  id: string;
}

export function segmentFileName(signal: Signal, openedMs: number, random: string): string {
  return `${signal}-${String(openedMs).padStart(13, '0')}-${random}.segment`;
}

/** What a file name says, or undefined when it is not a segment's. */
export function parseSegmentFileName(file: string): SegmentName | undefined {
  const match = pattern.exec(file);
  if (!match || !signals.includes(match[1] as Signal)) return undefined;
  return { signal: match[1] as Signal, openedMs: Number(match[2]), id: file.slice(0, -'.segment'.length) };
}

/** Days since 1970-01-01 UTC. */
export function dayOf(openedMs: number): number {
  return Math.floor(openedMs / 86_400_000);
}
