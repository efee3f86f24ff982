/** Keeps two processes from using one directory: whoever listens on its socket owns it, and loses it by dying. */
import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const lockName = 'lock.sock';

/** Takes the directory; resolves to a function that gives it back, or to undefined when somebody alive has it. */
export async function lockDirectory(directory: string): Promise<(() => Promise<void>) | undefined> {
  // Socket paths are limited to 107 bytes; through the descriptor of the directory any path is short.
  const fd = openSync(directory, 'r');
  const through = process.platform === 'linux' ? `/proc/self/fd/${fd}` : directory;
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      const server = await listen(`${through}/${lockName}`);
      if (server) return () => unlock(server, directory);
      if (await answers(`${through}/${lockName}`)) return undefined;
      // Left by a killed process. Renamed first, and asked again, in case another process replaced it just now.
      const aside = `${lockName}.${process.pid}.${attempt}`;
      try {
        renameSync(join(directory, lockName), join(directory, aside));
      } catch {
        continue;
      }
      if (await answers(`${through}/${aside}`)) {
        renameSync(join(directory, aside), join(directory, lockName));
        return undefined;
      }
      rmSync(join(directory, aside), { force: true });
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

async function unlock(server: Server, directory: string): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
  // Node removes the socket by the path it was made with, which is gone by now.
  rmSync(join(directory, lockName), { force: true });
}
