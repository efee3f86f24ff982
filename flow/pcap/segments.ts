/** Files of packets that are kept for later: how they are named, listed, and kept within their space. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** `packets-<Unix ms of its beginning>-<writer>.pcapng`; a writer is a pipeline worker's number. */
export interface Segment {
  path: string;
  writer: number;
  startMs: number;
  /** When it was last written to. */
  endMs: number;
  sizeBytes: number;
}

export function segmentName(startMs: number, writer: number): string {
  return `packets-${startMs}-${writer}.pcapng`;
}

/** All segments of a directory, oldest first. Throws what reading the directory throws. */
export function listSegments(directory: string): Segment[] {
  const segments: Segment[] = [];
  for (const name of readdirSync(directory)) {
    const match = /^packets-(\d{1,15})-(\d{1,5})\.pcapng$/.exec(name);
    if (match === null) continue;
    const path = join(directory, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    segments.push({
      path,
      writer: Number(match[2]),
      startMs: Number(match[1]),
      endMs: stat.mtimeMs,
      sizeBytes: stat.size,
    });
  }
  return segments.sort((a, b) => a.startMs - b.startMs || a.writer - b.writer);
}

/** Removes the oldest segments of these writers until the rest takes at most so much. */
export function trimSegments(directory: string, isOwn: (writer: number) => boolean, maxBytes: number): void {
  const own = listSegments(directory).filter(({ writer }) => isOwn(writer));
  let sum = own.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  for (const { path, sizeBytes } of own) {
    if (sum <= maxBytes) return;
    rmSync(path, { force: true });
    sum -= sizeBytes;
  }
}
