/** Where a Python has its module `_ssl`, which programs load when they first need it: so it can be probed before. */
import { readdirSync } from 'node:fs';

/** Both on 64-bit systems. */
const libraries = ['lib', 'lib64'];

/**
 * Paths of the module, as the process names them, of an executable as `/usr/bin/python3.11`; empty for other programs, and where the module
 * is elsewhere or inside of the executable. `root` is the process's root directory.
 */
export function pythonModules(executable: string, root: string): string[] {
  const [, prefix, version] = /^(.*)\/bin\/(python\d+\.\d+t?)$/.exec(executable) ?? [];
  if (version === undefined) return [];
  return libraries.flatMap((library) => {
    const folder = `${prefix}/${library}/${version}/lib-dynload`;
    return namesIn(`${root}${folder}`)
      .filter((name) => /^_ssl\.(.*\.)?so$/.test(name))
      .map((name) => `${folder}/${name}`);
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // There is none, or the process has ended.
    return [];
  }
}
