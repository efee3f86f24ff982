/** Which processes are traced: by the paths of their executables and by their cgroups, and never those of the collector. */
import type { ProcessIdentity } from '../../host/identity.ts';
import type { Config } from './config.ts';

/**
 * `yes` and `no` are told to the kernel side; `default`: as it treats processes it was told nothing about. `outside`: the same, and it will
 * find the process in none of the cgroups that are traced.
 */
export type Verdict = 'yes' | 'no' | 'default' | 'outside';

export interface SelectionOptions {
  processes: Pick<Config['processes'], 'include' | 'exclude' | 'cgroups'>;
  ownPid: number;
  excludeOwn: boolean;
  /** No pattern finds this process, because its executable may not be read. */
  onUnreadable(identity: ProcessIdentity): void;
}

/**
 * Gives what becomes of a process. With `include` patterns or cgroups, processes are not traced by default; with both, those that are in
 * both. `isOutside`: whether it is in none of the cgroups that are named.
 */
export function createSelection({
  processes: { include, exclude, cgroups },
  ownPid,
  excludeOwn,
  onUnreadable,
}: SelectionOptions): (identity: ProcessIdentity, isOutside: boolean) => Verdict {
  const included = include.map(pathPattern);
  const excluded = exclude.map(pathPattern);
  return (identity, isOutside) => {
    const { pid, facts } = identity;
    if (excludeOwn && (pid === ownPid || facts.parentPid === ownPid)) return 'no';
    if (cgroups.length > 0 && isOutside) return 'outside';
    const { executable: path = '', isKernelThread, denied } = facts;
    if (path === '' && denied && !isKernelThread && include.length + exclude.length > 0) onUnreadable(identity);
    if (excluded.some((pattern) => pattern.test(path))) return 'no';
    if (included.length === 0) return 'default';
    if (!included.some((pattern) => pattern.test(path))) return 'no';
    return cgroups.length > 0 ? 'default' : 'yes';
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
