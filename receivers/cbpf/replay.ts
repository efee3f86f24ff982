/** Reads capture files in the order of their names, as fast as the pipeline takes what comes out, or as fast as it was. */
import { globSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromThread } from '../../component/capture/messages.ts';
import type { Outbox } from '../../component/capture/outbox.ts';
import type { CapturePoint } from '../../flow/l4/options.ts';
import type { FailureHandler } from '../../flow/l7/analysis.ts';
import { type CaptureFile, firstPacketClock, openCaptureFile } from '../../flow/packet/capture-file.ts';
import type { CaptureClock } from '../../flow/packet/clock.ts';
import type { PacketKeeper } from '../../flow/pcap/keeper.ts';
import type { Tally } from './counting.ts';
import type { ThreadSetup } from './messages.ts';
import { PacketPath } from './path.ts';

/** Times are exact for 104 days after the epoch; a file that is further away gets an analyser of its own. */
const exactNs = 90 * 86_400e9;

export interface ReplayOptions {
  setup: ThreadSetup;
  tally: Tally;
  outbox: Outbox;
  keeperFor(clock: CaptureClock, points: CapturePoint[]): PacketKeeper | undefined;
  onFailure: FailureHandler;
  post(message: FromThread): void;
  stopped: AbortSignal;
}

/** Resolves when everything is read and handed over, or when told to stop. */
export async function replay({
  setup,
  tally,
  outbox,
  keeperFor,
  onFailure,
  post,
  stopped,
}: ReplayOptions): Promise<void> {
  const { files, as_fast_as_possible: fast, observation_point } = setup.config;
  let current: { path: PacketPath; clock: CaptureClock; keeper: PacketKeeper | undefined } | undefined;

  const tellEmpty = (pattern: string) => {
    const error = `no file fits ${pattern}: correct the pattern in files, or put captures there and start again`;
    const fields = isAbsolute(pattern) ? { error } : { error, directory: process.cwd() };
    post({ type: 'log', level: 'warn', message: 'There are no capture files', fields });
  };

  const finish = async () => {
    if (current === undefined) return;
    current.path.close();
    outbox.put(current.path.analyser.drain());
    current.keeper?.close();
    current = undefined;
    await outbox.empty();
  };

  for (const path of findFiles(files, tellEmpty)) {
    if (stopped.aborted) break;
    const damaged = (error: string) => {
      tally.counts.files_damaged++;
      post({ type: 'log', level: 'warn', message: 'A capture file cannot be read to its end', fields: { error } });
    };
    const clock = await firstPacketClock(path).catch((error: Error) => {
      damaged(error.message);
      return undefined;
    });
    if (clock === undefined) continue;
    if (current && Math.abs(Number(clock.epochUnixNs - current.clock.epochUnixNs)) > exactNs) await finish();
    if (current === undefined) {
      const points: CapturePoint[] = [];
      const keeper = keeperFor(clock, points);
      current = { path: new PacketPath(setup, clock, points, tally, undefined, keeper, onFailure), clock, keeper };
    }
    const { points, packet } = current.path;
    packet.point = points.push({ interfaceName: basename(path), observationPoint: observation_point || 'rest' }) - 1;
    const file = await openCaptureFile(path, { clock: current.clock });
    try {
      await readFile(file, current.path);
    } finally {
      await file.close();
    }
    if (file.problem !== undefined) damaged(file.problem);
    else if (!stopped.aborted) tally.counts.files_read++;
  }
  await finish();

  async function readFile(file: CaptureFile, path: PacketPath): Promise<void> {
    const { packet, analyser } = path;
    const startMs = performance.now();
    let firstNs = Number.NaN;
    while (!stopped.aborted && (await file.fill())) {
      while (file.next(packet)) {
        if (!fast) {
          if (Number.isNaN(firstNs)) firstNs = packet.timeNs;
          const aheadMs = (packet.timeNs - firstNs) / 1e6 - (performance.now() - startMs);
          if (aheadMs > 2) {
            outbox.put(analyser.drain());
            await sleep(aheadMs, undefined, { signal: stopped }).catch(() => undefined);
          }
          if (stopped.aborted) return;
        }
        if (path.take(file.linkType)) {
          outbox.put(analyser.drain());
          await outbox.room();
        }
      }
      outbox.put(analyser.drain());
      await outbox.room();
    }
  }
}

/** Files of all patterns, each once, by name. A name that fits nothing is kept: opening it says why. */
function findFiles(patterns: readonly string[], onEmpty: (pattern: string) => void): string[] {
  const found = patterns.flatMap((pattern) => {
    const paths = globSync(pattern);
    if (paths.length > 0) return paths;
    if (!/[*?[{(]/.test(pattern)) return [pattern];
    onEmpty(pattern);
    return [];
  });
  return [...new Set(found)].sort();
}
