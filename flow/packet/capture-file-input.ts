/** Bytes of a capture file, unpacked on the way when its first bytes say gzip or zstd. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { CaptureFileError } from './capture-file-window.ts';

export interface ByteInput {
  /** Writes into `target` from `offset` on and gives the number of bytes, 0 at the end. */
  read(target: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

const packedChunkBytes = 1 << 18;

export async function openInput(path: string): Promise<ByteInput> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw new CaptureFileError(`${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
  try {
    const first = Buffer.alloc(4);
    const { bytesRead } = await handle.read(first, 0, 4, 0);
    const unpack = bytesRead < 4 ? undefined : unpackerOf(first.readUInt32LE());
    if (unpack === undefined) return plainInput(handle);
    await handle.close();
    return streamInput(createReadStream(path, { highWaterMark: packedChunkBytes }), unpack());
  } catch (error) {
    await handle.close();
    throw new CaptureFileError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Looks at the first four bytes: gzip (RFC 1952 §2.3.1), zstd and its skippable frames (RFC 8878 §3.1). */
function unpackerOf(magic: number): (() => Transform) | undefined {
  if ((magic & 0xffff) === 0x8b1f) return () => createGunzip({ chunkSize: packedChunkBytes });
  if (magic === 0xfd2fb528 || (magic & 0xfffffff0) >>> 0 === 0x184d2a50)
    return () => createZstdDecompress({ chunkSize: packedChunkBytes });
  return undefined;
}

function plainInput(handle: FileHandle): ByteInput {
  let position = 0;
  return {
    async read(target, offset) {
      const { bytesRead } = await handle.read(target, offset, target.length - offset, position);
      position += bytesRead;
      return bytesRead;
    },
    close: () => handle.close(),
  };
}

function streamInput(source: Readable, unpack: Transform): ByteInput {
  source.on('error', (error) => unpack.destroy(error));
  const chunks = source.pipe(unpack)[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  return {
    async read(target, offset) {
      while (chunk.length === 0) {
        const { value, done } = await chunks.next();
        if (done) return 0;
        chunk = value as Uint8Array;
      }
      const count = Math.min(chunk.length, target.length - offset);
      target.set(chunk.subarray(0, count), offset);
      chunk = chunk.subarray(count);
      return count;
    },
    async close() {
      source.destroy();
      unpack.destroy();
    },
  };
}
