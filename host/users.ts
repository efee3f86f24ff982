/** Names of users by their number, from the passwd file that the process itself has. */
import { readForeignText } from './proc-file.ts';

/** Kept for so many roots (the host's and those of containers), the oldest forgotten first. */
const maxRoots = 256;
const maxFileBytes = 256 * 1024;

/** Names by the pid namespace and container they belong to; a number nobody has named is its own name. */
export function createUserNames(proc = '/proc') {
  const tables = new Map<string, Map<number, string>>();
  return {
    /** `root` tells processes with one file system root from others: a container's id, or empty for the host. */
    nameOf(uid: number, pid: number, root: string): string {
      let table = tables.get(root);
      if (table === undefined) {
        table = parsePasswd(readForeignText(`${proc}/${pid}/root/etc/passwd`, maxFileBytes) ?? '');
        // A container that may not be read now may be readable later.
        if (table.size > 0) tables.set(root, table);
        if (tables.size > maxRoots) tables.delete(tables.keys().next().value!);
      }
      return table.get(uid) ?? String(uid);
    },
  };
}

/** `name:password:uid:…` (passwd(5)); the first of two names of a number counts. */
function parsePasswd(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':', 3);
    if (name === undefined || uid === undefined || !/^\d+$/.test(uid)) continue;
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
