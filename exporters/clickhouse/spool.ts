/**
 * The spool: what was acknowledged and is not in ClickHouse yet, in files that survive a killed process.
 *
 * Layout: `<directory>/<exporter>/worker-<n>/*.segment`, and `rejected/` beside them for what ClickHouse never takes.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageGroup } from '../../clickhouse/inserts.ts';
import { OperatorError, retryable } from '../../component/errors.ts';
import type { Logger } from '../../component/telemetry.ts';
import { type Batch, type Signal, signals } from '../../pdata/batch.ts';
import { lockDirectory } from './directory-lock.ts';
import { parseSegmentFileName } from './segment-file.ts';
import { createSegmentReader, type Losses } from './segment-reader.ts';
import { createSegmentWriter, recordedBytes, type Segment, type SegmentWriter } from './segment-writer.ts';

export interface SpoolOptions {
  /** Directory of this exporter; each worker has a part of it. */
  directory: string;
  worker: { index: number; count: number };
  /** Bytes this worker may keep on disk, and bytes of them that may be rejected segments. */
  maxBytes: number;
  maxRejectedBytes: number;
  fsync: boolean;
  maxItems: number;
  maxSegmentBytes: number;
  flushIntervalMs: number;
  log: Logger;
  /** Why segments are not being sent, for the error of a full spool. */
  whyWaiting: () => string;
}

export interface Spool {
  /** Takes the directory and finds what earlier processes left. Rejects with an OperatorError. */
  open(): Promise<void>;
  /** Resolves when the batch is in a file. Rejects with a retryable ConsumeError when it is not. */
  append(batch: Batch): Promise<void>;
  /** The oldest closed segment of a signal; resolves to undefined once the spool is closed and nothing is left. */
  next(signal: Signal): Promise<Segment | undefined>;
  /** The messages of a segment, in groups; each is good until the next is taken. */
  read(segment: Segment): Iterable<MessageGroup>;
  /** Forgets a segment that is stored. */
  remove(segment: Segment): Promise<void>;
  /** Puts a segment that can never be stored aside; gives where it is, or undefined when its file was gone. */
  reject(segment: Segment): Promise<string | undefined>;
  /** Closes open files, so that all of them can be sent; nothing can be appended any more. */
  seal(): Promise<void>;
  /** Gives the directory back. */
  close(): Promise<void>;
  sizeBytes(): number;
  segments(): number;
}

interface Lane {
  writer: SegmentWriter;
  closed: Segment[];
  wake: () => void;
  read: (segment: Segment) => Iterable<MessageGroup>;
}

export function createSpool(options: SpoolOptions): Spool {
  const { log } = options;
  const directory = join(options.directory, `worker-${options.worker.index}`);
  const rejected = join(directory, 'rejected');
  const lanes = new Map(signals.map((signal) => [signal, createLane(signal)]));
  let used = 0;
  let sealed = false;
  let unlock: (() => Promise<void>) | undefined;

  function createLane(signal: Signal): Lane {
    const lane: Lane = {
      closed: [],
      wake: () => {},
      read: createSegmentReader(tellLosses),
      writer: createSegmentWriter({
        signal,
        directory,
        maxItems: options.maxItems,
        maxBytes: options.maxSegmentBytes,
        flushIntervalMs: options.flushIntervalMs,
        fsync: options.fsync,
        onClosed(segment) {
          lane.closed.push(segment);
          lane.wake();
        },
      }),
    };
    return lane;
  }

  async function open(): Promise<void> {
    try {
      mkdirSync(rejected, { recursive: true });
      unlock = await lockDirectory(directory);
    } catch (error) {
      throw spoolError(error, directory);
    }
    if (!unlock) {
      throw new OperatorError(
        'DATA_DIRECTORY_LOCKED',
        `spool.directory: ${directory} is used by another running collector; stop it, or give this one another directory`,
      );
    }
    if (options.worker.index === 0) await adoptOrphans();
    for (const file of readdirSync(directory).sort()) {
      const name = parseSegmentFileName(file);
      if (!name) continue;
      const path = join(directory, file);
      const sizeBytes = statSync(path).size;
      used += sizeBytes;
      lanes.get(name.signal)!.closed.push({ ...name, path, sizeBytes, found: true });
    }
    for (const { closed } of lanes.values()) closed.sort((a, b) => a.openedMs - b.openedMs);
    if (used > 0) log.info('Sending what an earlier run left in the spool.', { directory, bytes: used });
  }

  /** Moves the segments of workers that are no more into this one's directory. */
  async function adoptOrphans(): Promise<void> {
    for (const entry of readdirSync(options.directory)) {
      const index = /^worker-(\d+)$/.exec(entry)?.[1];
      if (index === undefined || Number(index) < options.worker.count) continue;
      const orphan = join(options.directory, entry);
      const release = await lockDirectory(orphan);
      if (!release) continue;
      for (const file of readdirSync(orphan)) {
        if (parseSegmentFileName(file)) renameSync(join(orphan, file), join(directory, file));
      }
      const theirs = join(orphan, 'rejected');
      for (const file of existsSync(theirs) ? readdirSync(theirs) : []) {
        renameSync(join(theirs, file), join(rejected, file));
      }
      await release();
      if (existsSync(theirs)) rmdirSync(theirs);
      if (readdirSync(orphan).length === 0) rmdirSync(orphan);
    }
  }

  async function append(batch: Batch): Promise<void> {
    if (sealed || !unlock) throw retryable('the ClickHouse exporter is not running');
    const bytes = recordedBytes(batch);
    if (used + bytes > options.maxBytes) {
      throw retryable(
        `spool is full (${used} bytes in ${directory}) because ${options.whyWaiting()}; mend that, or raise spool::max_size`,
        { grpcCode: 'UNAVAILABLE' },
      );
    }
    used += bytes;
    try {
      await lanes.get(batch.signal)!.writer.append(batch);
    } catch (error) {
      used -= bytes;
      throw retryable(`spool cannot be written: ${(error as Error).message}; check the disk of ${directory}`, {
        cause: error,
      });
    }
  }

  async function next(signal: Signal): Promise<Segment | undefined> {
    const lane = lanes.get(signal)!;
    while (lane.closed.length === 0) {
      if (sealed) return undefined;
      await new Promise<void>((resolve) => {
        lane.wake = resolve;
      });
    }
    return lane.closed[0];
  }

  function tellLosses(segment: Segment, { tornBytes, damaged }: Losses): void {
    if (tornBytes > 0) {
      log.info('Cut a record that was not acknowledged off a spool file.', { file: segment.path, bytes: tornBytes });
    }
    if (damaged > 0) {
      log.error('Records of a spool file were damaged on disk and are lost; check the disk.', {
        file: segment.path,
        records: damaged,
      });
    }
  }

  function forget(segment: Segment): void {
    const lane = lanes.get(segment.signal)!;
    lane.closed = lane.closed.filter((one) => one !== segment);
    used -= segment.sizeBytes;
  }

  async function reject(segment: Segment): Promise<string | undefined> {
    const target = join(rejected, `${segment.id}.segment`);
    const moved = await renameIfThere(segment.path, target);
    forget(segment);
    if (!moved) return undefined;
    boundRejected(rejected, options.maxRejectedBytes, log);
    return target;
  }

  return {
    open,
    append,
    next,
    read: (segment) => lanes.get(segment.signal)!.read(segment),
    reject,

    async remove(segment) {
      await rm(segment.path, { force: true });
      forget(segment);
    },

    async seal() {
      sealed = true;
      for (const lane of lanes.values()) await lane.writer.flush();
      for (const lane of lanes.values()) lane.wake();
    },

    async close() {
      sealed = true;
      for (const lane of lanes.values()) lane.wake();
      await unlock?.();
      unlock = undefined;
    },

    sizeBytes: () => used,
    segments: () => [...lanes.values()].reduce((sum, lane) => sum + lane.closed.length, 0),
  };
}

/** False when there is no file of that name any more. */
async function renameIfThere(path: string, target: string): Promise<boolean> {
  try {
    await rename(path, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Deletes the oldest rejected segments beyond the bound. */
function boundRejected(directory: string, maxBytes: number, log: Logger): void {
  const files = readdirSync(directory)
    .map((file) => ({ file, openedMs: parseSegmentFileName(file)?.openedMs ?? 0, path: join(directory, file) }))
    .map((entry) => ({ ...entry, bytes: statSync(entry.path).size }))
    .sort((a, b) => b.openedMs - a.openedMs);
  let kept = 0;
  for (const { path, bytes } of files) {
    kept += bytes;
    if (kept <= maxBytes) continue;
    rmSync(path);
    log.error('Deleted the oldest rejected segment: there is no room for more.', { file: path, bytes });
  }
}

function spoolError(error: unknown, directory: string): OperatorError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new OperatorError('DISK_FULL', `spool.directory: no space left for ${directory}; free some`, {
      cause: error,
    });
  }
  return new OperatorError(
    'PERMISSION_DENIED',
    `spool.directory: ${directory} cannot be used (${message}); make it writable or choose another`,
    { cause: error },
  );
}
