/** The files a process has mapped as code, each with a path by which this process can open it. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

export interface MappedFile {
  /** As the process (its mount namespace) names it. */
  path: string;
  /** Where it is opened from here: under the process's root, or, when it was deleted or replaced there, by the mapping. */
  open: string;
  /** Device, inode, size and time of change: equal for one and the same file. */
  identity: string;
}

/** A process's map is some 100 KiB; one that is longer is read so far. */
const maxMaps = 8 * 1024 * 1024;

/**
 * The executable (first) and the mapped files whose name fits, each once. Empty when the process is gone or not ours to look at, and
 * for kernel threads.
 */
export function mappedFiles(pid: number, fits: (name: string) => boolean, proc = '/proc'): MappedFile[] {
  const folder = `${proc}/${pid}`;
  const executable = identityOf(`${folder}/exe`);
  if (executable === undefined) return [];
  const files: MappedFile[] = [];
  const seen = new Set<string>([executable]);
  const tried = new Set<string>();
  let executablePath = '';
  for (const line of readText(`${folder}/maps`).split('\n')) {
    // 7f12a000-7f12c000 r-xp 00001000 08:01 1234   /usr/lib/libssl.so.3
    const found = /^([0-9a-f]+-[0-9a-f]+) ..x. [0-9a-f]+ ([0-9a-f]+:[0-9a-f]+) (\d+) +(\/.*)$/.exec(line);
    if (found === null) continue;
    const [, range, device, inode, shown] = found as unknown as [string, string, string, string, string];
    const key = `${device} ${inode}`;
    if (inode === '0' || tried.has(key)) continue;
    tried.add(key);
    const path = plainPath(shown);
    if (executablePath === '' && isSame(executable, inode)) executablePath = path;
    if (!fits(path.slice(path.lastIndexOf('/') + 1))) continue;
    const file = locate(folder, path, inode, range);
    if (file === undefined || seen.has(file.identity)) continue;
    seen.add(file.identity);
    files.push(file);
  }
  return [{ path: executablePath, open: `${folder}/exe`, identity: executable }, ...files];
}

/** A file that the process may map later; undefined when there is none of this path. */
export function fileOf(pid: number, path: string, proc = '/proc'): MappedFile | undefined {
  const open = `${proc}/${pid}/root${path}`;
  const identity = identityOf(open);
  return identity === undefined ? undefined : { path, open, identity };
}

/** Under the process's root, if the inode there is the one that is mapped; otherwise by the mapping, which needs privileges. */
function locate(folder: string, path: string, inode: string, range: string): MappedFile | undefined {
  const below = `${folder}/root${path}`;
  const identity = identityOf(below);
  if (identity !== undefined && isSame(identity, inode)) return { path, open: below, identity };
  const mapping = `${folder}/map_files/${range}`;
  const mapped = identityOf(mapping);
  if (mapped !== undefined) return { path, open: mapping, identity: mapped };
  // Stacked file systems of older kernels show the inode of a layer below: the path is still the better guess.
  return identity === undefined ? undefined : { path, open: below, identity };
}

function isSame(identity: string, inode: string): boolean {
  return identity.split(':')[1] === inode;
}

/** Of a regular file; undefined when it is none, or cannot be reached. */
function identityOf(path: string): string | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isFile() ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}` : undefined;
  } catch {
    // The process has ended, or is another user's.
    return undefined;
  }
}

function readText(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const pieces: Buffer[] = [];
    for (let size = 0; size < maxMaps; ) {
      const piece = Buffer.allocUnsafe(64 * 1024);
      const count = readSync(fd, piece, 0, piece.length, null);
      if (count === 0) break;
      pieces.push(piece.subarray(0, count));
      size += count;
    }
    return Buffer.concat(pieces).toString();
  } catch {
    return '';
  } finally {
    closeSync(fd);
  }
}

/** The kernel writes a line's end in a name as \012, and a mark behind the names of deleted files. */
function plainPath(path: string): string {
  return path.replace(/ \(deleted\)$/, '').replaceAll('\\012', '\n');
}
