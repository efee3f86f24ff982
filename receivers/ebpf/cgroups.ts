/** The cgroups whose processes are traced, where only those of some are. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';
import type { Cgroup } from '../../host/processes.ts';

/** Where version 2 may be: alone, or beside version 1. */
const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** Gives a message for each that cannot be traced. */
export function addCgroups(program: SocketsProgram, paths: readonly string[]): string[] {
  const errors: string[] = [];
  for (const path of paths) {
    const id = idOf(path);
    if (id === undefined)
      errors.push(
        `processes::cgroups: ${path} is no folder under ${roots.join(' or ')}; correct it, or create it and start again`,
      );
    else program.setCgroup(id, 'yes');
  }
  return errors;
}

/** Says of a process, by its lines in /proc, whether it is in none of these cgroups nor below one; of one without lines, undefined. */
export function createIsOutside(paths: readonly string[]): (cgroups: readonly Cgroup[]) => boolean | undefined {
  const ids = new Set(paths.map(idOf));
  return (cgroups) => {
    const path = cgroups.find(({ controllers }) => controllers === '')?.path;
    if (path === undefined) return undefined;
    for (let at = path; ; at = dirname(at)) {
      const id = idOf(at);
      if (id !== undefined && ids.has(id)) return false;
      if (at === '/' || at === '.') return true;
    }
  };
}

/** The inode of a cgroup's folder, which is what the kernel knows it by; undefined when there is none of this path. */
function idOf(path: string): number | undefined {
  const root = roots.find((folder) => existsSync(`${folder}/cgroup.controllers`));
  if (root === undefined) return undefined;
  const mounted = roots.findLast((folder) => path === folder || path.startsWith(`${folder}/`)) ?? '';
  const status = statSync(join(root, path.slice(mounted.length)), { throwIfNoEntry: false });
  return status?.isDirectory() ? status.ino : undefined;
}
