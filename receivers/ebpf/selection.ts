/** Which processes are traced: by the paths of their executables, and never those of the collector. */
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
  const included = include.map(pathPattern);
  const excluded = exclude.map(pathPattern);
  return ({ pid, facts: { executable, parentPid } }) => {
    if (excludeOwn && (pid === ownPid || parentPid === ownPid)) return 'no';
    const path = executable ?? '';
    if (excluded.some((pattern) => pattern.test(path))) return 'no';
    if (included.length === 0) return 'default';
    return included.some((pattern) => pattern.test(path)) ? 'yes' : 'no';
  };
}

/** `*` is anything but a slash, `**` anything. Hidden folders are folders like all others, other than where files are listed. */
function pathPattern(text: string): RegExp {
  const source = text.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*+|\?/g, (wild) => {
    if (wild === '?') return '[^/]';
    return wild.length === 1 ? '[^/]*' : '.*';
  });
  return new RegExp(`^${source}$`, 's');
}
