/**
 * Reads LZ4 frames (lz4_Frame_format.md), as `Content-Encoding: lz4` carries them.
 *
 * | part | size |
 * |---|---|
 * | magic 0x184D2204 | 4 |
 * | flags: version, independent blocks (0x20), block checksum (0x10), content size (0x08), content checksum (0x04), dictionary id (0x01) | 1 |
 * | maximum block size | 1 |
 * | content size, dictionary id, when flagged | 0 or 8, 0 or 4 |
 * | header checksum | 1 |
 * | blocks: size (top bit: stored as it is), data, checksum when flagged; size 0 ends | |
 * | content checksum, when flagged | 0 or 4 |
 *
 * Checksums are not verified: the bytes came over a socket of this machine.
 */
import { Transform } from 'node:stream';
import { decodeLz4Block } from './lz4-block.ts';

const magic = 0x184d2204;
/** How far linked blocks may reach back. */
const windowBytes = 64 << 10;

export function createLz4FrameReader(): Transform {
  let pending: Buffer = Buffer.alloc(0);
  let header: { blockChecksum: boolean; contentChecksum: boolean; maxBlockBytes: number } | undefined;
  let window = Buffer.alloc(0);

  /** Reads the next header, block or end at the front of `pending`; false when more bytes are needed. */
  function step(emit: (block: Buffer) => void): boolean {
    if (header === undefined) {
      if (pending.length < 7) return false;
      if (pending.readUInt32LE(0) !== magic) throw new RangeError('LZ4: the body is not an LZ4 frame');
      const flags = pending[4];
      const size = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
      if (pending.length < size) return false;
      const maxBlockBytes = 1 << (8 + 2 * ((pending[5] >> 4) & 7));
      header = { blockChecksum: (flags & 0x10) !== 0, contentChecksum: (flags & 0x04) !== 0, maxBlockBytes };
      pending = pending.subarray(size);
      return true;
    }
    if (pending.length < 4) return false;
    const word = pending.readUInt32LE(0);
    if (word === 0) {
      const size = 4 + (header.contentChecksum ? 4 : 0);
      if (pending.length < size) return false;
      pending = pending.subarray(size);
      header = undefined;
      window = Buffer.alloc(0);
      return true;
    }
    const length = word & 0x7fffffff;
    if (length > header.maxBlockBytes) throw new RangeError('LZ4: a block exceeds the size its frame declares');
    const size = 4 + length + (header.blockChecksum ? 4 : 0);
    if (pending.length < size) return false;
    const stored = pending.subarray(4, 4 + length);
    pending = pending.subarray(size);
    const output = Buffer.allocUnsafe(window.length + header.maxBlockBytes);
    window.copy(output);
    const end =
      word >>> 31 ? window.length + stored.copy(output, window.length) : decodeLz4Block(stored, output, window.length);
    emit(output.subarray(window.length, end));
    window = output.subarray(Math.max(0, end - windowBytes), end);
    return true;
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      try {
        while (step((block) => this.push(block)));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      done(header === undefined && pending.length === 0 ? null : new RangeError('LZ4: the frame is cut off'));
    },
  });
}
