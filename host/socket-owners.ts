/** Finds the process of a socket by looking at the descriptors of all processes, some at a time. */
import { listFolder, readLink } from './proc-file.ts';
import { listProcesses } from './processes.ts';

export interface SocketOwners {
  /**
   * Goes on where it stopped and looks at about so many descriptors more; 10,000 take about 50 ms. True when every process
   * has been looked at; the next call begins anew.
   */
  step(descriptors: number): boolean;
  /** The process that holds the socket; the one with the lowest pid of several, which is the one that made it. */
  ownerOf(inode: number): number | undefined;
  readonly size: number;
}

/** Descriptors of one process beyond this are not looked at. */
const maxDescriptors = 65_536;

export function createSocketOwners({ proc = '/proc', maxSockets = 1_000_000 } = {}): SocketOwners {
  let owners = new Map<number, number>();
  /** What this round has found; it takes the place of `owners` when it is complete. */
  let found = new Map<number, number>();
  let waiting: number[] | undefined;

  return {
    step(descriptors) {
      waiting ??= listProcesses(proc).reverse();
      let left = descriptors;
      while (left > 0) {
        const pid = waiting.pop();
        if (pid === undefined) {
          owners = found;
          found = new Map();
          waiting = undefined;
          return true;
        }
        left -= 1;
        for (const inode of socketsOf(pid, proc, (looked) => (left -= looked))) {
          if (found.size < maxSockets && !found.has(inode)) found.set(inode, pid);
        }
      }
      return false;
    },
    ownerOf: (inode) => found.get(inode) ?? owners.get(inode),
    get size() {
      return Math.max(owners.size, found.size);
    },
  };
}

/** Inodes of the sockets a process holds; none when it is gone or not ours to look at. */
export function socketsOf(pid: number, proc = '/proc', count: (descriptors: number) => void = () => {}): number[] {
  const folder = `${proc}/${pid}/fd`;
  const descriptors = listFolder(folder).slice(0, maxDescriptors);
  count(descriptors.length);
  const inodes: number[] = [];
  for (const descriptor of descriptors) {
    const link = readLink(`${folder}/${descriptor}`);
    if (typeof link === 'string' || !link.target.startsWith('socket:[')) continue;
    inodes.push(Number(link.target.slice('socket:['.length, -1)));
  }
  return inodes;
}
