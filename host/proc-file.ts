/** Bounded reads of /proc: what cannot be read is a result, because processes end and belong to others while one looks. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

/** Why a file of a process gave nothing: the process ended, or it is not ours to look at. */
export type Unreadable = 'gone' | 'denied';

/** What the kernel writes into one read of /proc; larger files take several. */
const pageBytes = 4096;
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Shows the first `maxBytes` of a file to `use` and gives its result. The bytes are only valid inside `use` and are wiped
 * after it: environments and command lines hold secrets, which must not wait in memory for the next reader.
 */
export function useFile<T>(path: string, maxBytes: number, use: (bytes: Buffer) => T): T | Unreadable {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    return reasonOf(error);
  }
  let length = 0;
  try {
    while (length < maxBytes) {
      if (scratch.length - length < pageBytes) scratch = doubled(scratch, length);
      const got = readSync(file, scratch, length, Math.min(scratch.length, maxBytes) - length, null);
      if (got === 0) break;
      length += got;
    }
    return use(scratch.subarray(0, length));
  } catch (error) {
    return reasonOf(error);
  } finally {
    scratch.fill(0, 0, length);
    closeSync(file);
  }
}

/** The first `maxBytes` of a file as text, or undefined. Bytes that are no UTF-8 become U+FFFD. */
export function readText(path: string, maxBytes = 64 * 1024): string | undefined {
  const text = useFile(path, maxBytes, (bytes) => ({ text: bytes.toString('utf8') }));
  return typeof text === 'string' ? undefined : text.text;
}

/**
 * The same for a file below /proc/PID/root, which belongs to somebody who may not mean well: a pipe would never end, opening
 * a device may do something, a link leads out of that root. Only plain files are read.
 */
export function readForeignText(path: string, maxBytes: number): string | undefined {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  let file: number;
  try {
    file = openSync(path, flags);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(status.size, maxBytes));
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Where a link of /proc points, or why it is not told. */
export function readLink(path: string): { target: string } | Unreadable {
  try {
    return { target: readlinkSync(path) };
  } catch (error) {
    return reasonOf(error);
  }
}

/** The number in a link such as `net:[4026531840]`, or undefined. */
export function readNamespace(path: string): number | undefined {
  const link = readLink(path);
  if (typeof link === 'string') return undefined;
  const number = /\[(\d+)\]$/.exec(link.target)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Names in a folder; none when it cannot be read. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** ESRCH is what reading a file gives whose process ended after it was opened. */
function reasonOf(error: unknown): Unreadable {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'gone';
}

function doubled(from: Buffer, length: number): typeof scratch {
  const larger = Buffer.allocUnsafeSlow(from.length * 2);
  from.copy(larger, 0, 0, length);
  from.fill(0, 0, length);
  return larger;
}
