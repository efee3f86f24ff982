/** Traces the processes of some cgroups only. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { SocketsProgram } from '../../bpf/programs/sockets/sockets.ts';

/** Where version 2 is, alone or beside version 1. */
const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/** Gives a message for each that cannot be traced. */
export function addCgroups(program: SocketsProgram, paths: readonly string[]): string[] {
  const errors: string[] = [];
  for (const path of paths) {
    const found = roots.map((root) => (path.startsWith(root) ? path : join(root, path))).find(isFolder);
    if (found === undefined) errors.push(`processes::cgroups: ${path} is no folder under ${roots.join(' or ')}`);
    else program.setCgroup(statSync(found).ino, 'yes');
  }
  return errors;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
