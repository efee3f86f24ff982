/**
 * ClickHouse's own compressed frames, as `compress=1` and `decompress=1` ask for (CompressedReadBufferBase.cpp):
 *
 * | part | size |
 * |---|---|
 * | CityHash128 (version 1.0.2) of all that follows | 16 |
 * | method: 0x02 none, 0x82 LZ4, 0x90 zstd | 1 |
 * | size of the data, these 9 bytes included | 4 |
 * | size once decompressed | 4 |
 * | data | |
 */
import { Transform } from 'node:stream';
import { zstdDecompressSync } from 'node:zlib';
import { cityHash128 } from './city-hash.ts';
import { decodeLz4Block } from './lz4-block.ts';
import { StoreException } from './store-exception.ts';

const checksumBytes = 16;
const headerBytes = 9;
const methods = { none: 0x02, lz4: 0x82, zstd: 0x90 };
/** As ClickHouse's DBMS_MAX_COMPRESSED_SIZE, for either side of the compression. */
const maxFrameBytes = 1 << 30;
/** As ClickHouse's max_compress_block_size. */
const writeBlockBytes = 1 << 20;

/** Frames in, plain bytes out. Checksums are not verified: they cost more than all the rest, and the socket is local. */
export function createFrameReader(): Transform {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let wantedBytes = checksumBytes + headerBytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pending.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes < wantedBytes) return done();
      let rest = Buffer.concat(pending, pendingBytes);
      try {
        for (;;) {
          wantedBytes = frameBytes(rest);
          if (rest.length < wantedBytes) break;
          this.push(readFrame(rest.subarray(checksumBytes, wantedBytes)));
          rest = rest.subarray(wantedBytes);
        }
      } catch (error) {
        return done(error as Error);
      }
      pending = [rest];
      pendingBytes = rest.length;
      done();
    },
    flush(done) {
      done(
        pendingBytes === 0
          ? null
          : new StoreException(3, 'UNEXPECTED_END_OF_FILE', 'The last compressed frame is cut off'),
      );
    },
  });
}

/** How many bytes the first frame has, or how many are needed to know it. */
function frameBytes(bytes: Buffer): number {
  if (bytes.length < checksumBytes + headerBytes) return checksumBytes + headerBytes;
  const size = bytes.readUInt32LE(checksumBytes + 1);
  if (size < headerBytes || size > maxFrameBytes || bytes.readUInt32LE(checksumBytes + 5) > maxFrameBytes) {
    throw new StoreException(
      271,
      'CANNOT_DECOMPRESS',
      'The body is not in compressed frames, though decompress=1 says so',
    );
  }
  return checksumBytes + size;
}

function readFrame(frame: Buffer): Buffer {
  const data = frame.subarray(headerBytes);
  const size = frame.readUInt32LE(5);
  switch (frame[0]) {
    case methods.none:
      return data;
    case methods.zstd:
      return zstdDecompressSync(data, { maxOutputLength: Math.max(size, 1) });
    case methods.lz4: {
      const plain = Buffer.allocUnsafe(size);
      if (decodeLz4Block(data, plain) === size) return plain;
      throw new StoreException(271, 'CANNOT_DECOMPRESS', 'A compressed frame is shorter than it says');
    }
    default: {
      const method = `0x${frame[0].toString(16)}`;
      throw new StoreException(
        89,
        'UNKNOWN_COMPRESSION_METHOD',
        `Frame compression ${method} is not known; use LZ4 or ZSTD`,
      );
    }
  }
}

/** Plain bytes in, frames out: stored as they are, since whoever asks sits on this machine. */
export function createFrameWriter(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += writeBlockBytes) {
        this.push(writeFrame(chunk.subarray(at, at + writeBlockBytes)));
      }
      done();
    },
  });
}

/** One frame of at most a mebibyte. */
export function writeFrame(data: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(checksumBytes + headerBytes + data.length);
  frame[checksumBytes] = methods.none;
  frame.writeUInt32LE(headerBytes + data.length, checksumBytes + 1);
  frame.writeUInt32LE(data.length, checksumBytes + 5);
  data.copy(frame, checksumBytes + headerBytes);
  const [low, high] = cityHash128(frame.subarray(checksumBytes));
  frame.writeBigUInt64LE(low, 0);
  frame.writeBigUInt64LE(high, 8);
  return frame;
}
