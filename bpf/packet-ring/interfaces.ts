/** Network namespaces and their interfaces, as the host has them at this moment. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { loadAddon } from './addon.ts';

export interface NetworkNamespace {
  /** Name in /run/netns, otherwise the name of its oldest process; empty for the thread's own. */
  name: string;
  /** A file to enter it by; undefined for the thread's own. */
  path: string | undefined;
  /** Number of its inode: equal ones are one namespace. */
  inode: number;
}

/** Folders in which `ip netns` and Docker keep names of namespaces. */
const folders = ['/run/netns', '/run/docker/netns'];

/**
 * The own namespace, then the others whose name fits. Looks through all processes, which takes about 10 us each; with
 * `undefined` only the own one is looked at.
 */
export function listNamespaces(wanted: RegExp | undefined): NetworkNamespace[] {
  const own = { name: '', path: undefined, inode: inodeOf('/proc/self/ns/net') ?? 0 };
  if (wanted === undefined) return [own];
  const found = new Map<number, NetworkNamespace>([[own.inode, own]]);
  const add = (path: string, name: () => string) => {
    const inode = inodeOf(path);
    if (inode !== undefined && !found.has(inode)) found.set(inode, { name: name(), path, inode });
  };
  for (const folder of folders) for (const name of entries(folder)) add(`${folder}/${name}`, () => name);
  const processes = entries('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of processes.sort((a, b) => Number(a) - Number(b))) {
    add(`/proc/${pid}/ns/net`, () => text(`/proc/${pid}/comm`).trim());
  }
  return [...found.values()].filter((one) => one === own || wanted.test(one.name));
}

export interface NetworkInterface {
  name: string;
  index: number;
}

/** Interfaces of a namespace whose name fits. Throws an Error with `code` when the namespace cannot be entered. */
export function listInterfaces(wanted: RegExp, namespace: string | undefined): NetworkInterface[] {
  const all = loadAddon().listInterfaces({ namespace });
  const fitting: NetworkInterface[] = [];
  for (let at = 0; at < all.length; at += 2) {
    const name = all[at + 1] as string;
    if (wanted.test(name)) fitting.push({ index: all[at] as number, name });
  }
  return fitting;
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    // A process that has ended, or that is not ours to look at.
    return undefined;
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
