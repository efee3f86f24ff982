/** The sockets of a process, by its descriptors. */
import { listFolder, readLink } from './proc-file.ts';

/** Descriptors of one process beyond this are not looked at. */
const maxDescriptors = 65_536;

/** Inodes of the sockets a process holds; none when it is gone or not ours to look at. */
export function socketsOf(pid: number, proc = '/proc'): number[] {
  const folder = `${proc}/${pid}/fd`;
  const inodes: number[] = [];
  for (const descriptor of listFolder(folder).slice(0, maxDescriptors)) {
    const link = readLink(`${folder}/${descriptor}`);
    if (typeof link === 'string' || !link.target.startsWith('socket:[')) continue;
    inodes.push(Number(link.target.slice('socket:['.length, -1)));
  }
  return inodes;
}
