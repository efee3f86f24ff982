/** Which processes are traced: by the paths of their executables, and never those of the collector. */
import { matchesGlob } from 'node:path';
import type { ProcessIdentity } from '../../host/identity.ts';
import type { Config } from './config.ts';

/** `default`: as the kernel side treats processes it was told nothing about. */
export type Verdict = 'yes' | 'no' | 'default';

/** Gives what to tell the kernel of a process. With `include` patterns, processes are not traced by default. */
export function createSelection(
  { include, exclude }: Config['processes'],
  ownPid: number,
  excludeOwn: boolean,
): (identity: ProcessIdentity) => Verdict {
  return ({ pid, facts: { executable, parentPid } }) => {
    if (excludeOwn && (pid === ownPid || parentPid === ownPid)) return 'no';
    const path = executable ?? '';
    if (exclude.some((pattern) => matchesGlob(path, pattern))) return 'no';
    if (include.length === 0) return 'default';
    return include.some((pattern) => matchesGlob(path, pattern)) ? 'yes' : 'no';
  };
}
