/** Insert bodies on disk: the engine reads a file of its own accord, while binary data inside SQL text gets cut. */
import { createWriteStream, rmSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface BodyFile {
  readonly path: string;
  readonly sizeBytes: number;
  remove(): void;
}

export interface BodyFiles {
  /** Writes the whole body; rejects, and leaves nothing behind, when the client broke off. */
  write(body: Readable): Promise<BodyFile>;
}

/** Files are deleted long before the kernel writes them back, so a disk costs no more than memory here. */
export function createBodyFiles(directory: string): BodyFiles {
  let count = 0;
  return {
    async write(body) {
      const path = `${directory}/body-${count++}`;
      const file = createWriteStream(path, { mode: 0o600, highWaterMark: 4 << 20 });
      try {
        await pipeline(body, file);
      } catch (error) {
        rmSync(path, { force: true });
        throw error;
      }
      return { path, sizeBytes: file.bytesWritten, remove: () => rmSync(path, { force: true }) };
    },
  };
}
