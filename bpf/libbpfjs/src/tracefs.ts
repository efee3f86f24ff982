/** Where the kernel lists its tracepoints by name. */
import { readFileSync } from 'node:fs';

/** What to do when `findTracefs` finds none. */
export const mountTracefs = 'tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing';

/** The folder where tracefs is mounted, debugfs' own one included; undefined when it is not. */
export function findTracefs(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'tracefs')?.[1];
}
