/** `store.pid`: who holds the data directory, so that a storage process left behind without its collector can be ended. */
import { readFileSync, writeFileSync } from 'node:fs';

const fileName = 'store.pid';

/** Called by the storage process, in its directory, once it holds the lock. */
export function writeOwner(): void {
  writeFileSync(fileName, `${process.pid} ${process.ppid}\n`);
}

/** Ends the holder if the collector that started it is gone: a crashed engine hangs and does not notice. */
export function killOrphan(directory: string): void {
  try {
    const [pid, parent] = readFileSync(`${directory}/${fileName}`, 'utf8').split(' ').map(Number);
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    const currentParent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
    if (currentParent !== parent && commandLine.includes('embedded/process.ts')) process.kill(pid, 'SIGKILL');
  } catch {
    // No such file or process: whoever holds the directory is none of ours.
  }
}
