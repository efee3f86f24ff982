/** gzip, deflate and zstd of whole messages, with a bound on what comes out. */
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

export type Compression = 'gzip' | 'deflate' | 'zstd';

/** The output would be larger than allowed. */
export class OutputTooLarge extends Error {
  override readonly name = 'OutputTooLarge';
}

/** The input is not what its encoding says. */
export class MalformedEncoding extends Error {
  override readonly name = 'MalformedEncoding';
}

/**
 * Smaller inputs are (de)compressed on the calling thread: a trip through the thread pool costs 20–80 us of CPU, as much
 * as inflating 15 KB of spans. Larger ones go to the pool, where several run at once and the loop stays free.
 */
const syncBelowBytes = 32 * 1024;

/** A frame that wants a larger window than this (RFC 9659 allows peers 8 MiB) is refused instead of allocated. */
const zstdWindowLogMax = 25;

/**
 * The bytes that went into `compressed`, at most `maxBytes` of them. Throws OutputTooLarge or MalformedEncoding. The result
 * may share memory with nothing else.
 */
export async function decompress(compression: Compression, compressed: Uint8Array, maxBytes: number): Promise<Buffer> {
  const sync = compressed.length < syncBelowBytes;
  // One output buffer of the announced size saves zlib's joining of 16 KiB pieces. An output smaller than the input is a
  // lie, and pieces of that size would cost several times the memory they hold.
  const expected = Math.max(announcedSize(compression, compressed) ?? compressed.length * 8, compressed.length);
  const options = { maxOutputLength: maxBytes, chunkSize: Math.max(64, Math.min(expected, maxBytes)) };
  if (!sync) await poolSlots.take();
  try {
    switch (compression) {
      case 'gzip':
        return trimmed(sync ? zlib.gunzipSync(compressed, options) : await gunzip(compressed, options));
      case 'deflate':
        // HTTP's "deflate" is the zlib format (RFC 9110 §8.4.1.2), but some peers send it without the zlib header.
        if (hasZlibHeader(compressed)) {
          return trimmed(sync ? zlib.inflateSync(compressed, options) : await inflate(compressed, options));
        }
        return trimmed(sync ? zlib.inflateRawSync(compressed, options) : await inflateRaw(compressed, options));
      case 'zstd':
        return trimmed(await decompressZstd(compressed, options, sync));
      default:
        throw new Error(`unknown compression ${compression satisfies never}`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge(maxBytes, error);
    }
    if (error instanceof MalformedEncoding) throw error;
    throw new MalformedEncoding(`the data is not valid ${compression}: ${(error as Error).message}`, { cause: error });
  } finally {
    if (!sync) poolSlots.give();
  }
}

function tooLarge(maxBytes: number, cause?: unknown): OutputTooLarge {
  return new OutputTooLarge(`the decompressed data is larger than ${maxBytes} bytes`, { cause });
}

/**
 * Inputs that the thread pool inflates at once. Node gives each its output buffer when it is handed over, long before one
 * of the pool's four threads takes it: 60 bombs of 20 MiB held 890 MiB, with slots 310 MiB (integration/bad-input).
 */
class PoolSlots {
  #free: number;
  readonly #waiting: (() => void)[];

  constructor(count: number) {
    this.#free = count;
    this.#waiting = [];
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

const poolSlots = new PoolSlots(4);

/** Compresses the chunks as one stream of bytes. */
export async function compress(
  compression: Compression,
  chunks: readonly Uint8Array[],
  level?: number,
): Promise<Buffer> {
  const input = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const sync = input.length < syncBelowBytes;
  const options = { level: level ?? defaultLevels[compression], chunkSize: Math.max(1024, input.length >> 2) };
  switch (compression) {
    case 'gzip':
      return trimmed(sync ? zlib.gzipSync(input, options) : await gzip(input, options));
    case 'deflate':
      return trimmed(sync ? zlib.deflateSync(input, options) : await deflate(input, options));
    case 'zstd': {
      const params = { [zlib.constants.ZSTD_c_compressionLevel]: options.level };
      const zstdOptions = { params, chunkSize: options.chunkSize };
      return trimmed(sync ? zlib.zstdCompressSync(input, zstdOptions) : await zstdCompress(input, zstdOptions));
    }
    default:
      throw new Error(`unknown compression ${compression satisfies never}`);
  }
}

const defaultLevels: Record<Compression, number> = { gzip: 1, deflate: 1, zstd: 1 };

const gunzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gunzip);
const inflate = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflate);
const inflateRaw = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.inflateRaw);
const gzip = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip);
const deflate = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflate);
const zstdCompress = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdCompress);
const zstdDecompress = promisify<Uint8Array, zlib.ZstdOptions, unknown>(zlib.zstdDecompress);

/** What `info: true` makes Node return: the output, and the engine that knows how much input it used. */
interface WithEngine {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

/** Decompresses one frame after the other (RFC 8878 §3): Node by itself stops, silently, after the first. */
async function decompressZstd(
  compressed: Uint8Array,
  limits: { maxOutputLength: number; chunkSize: number },
  sync: boolean,
): Promise<Buffer> {
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
  const parts: Buffer[] = [];
  let rest = compressed;
  let room = limits.maxOutputLength;
  while (rest.length > 0 || parts.length === 0) {
    const options = { params, info: true, maxOutputLength: Math.max(room, 1), chunkSize: limits.chunkSize };
    const result = sync ? zlib.zstdDecompressSync(rest, options) : await zstdDecompress(rest, options);
    const { buffer, engine } = result as unknown as WithEngine;
    if (engine.bytesWritten === 0) throw new MalformedEncoding('the data is not valid zstd: a frame holds nothing');
    parts.push(buffer);
    room -= buffer.length;
    rest = rest.subarray(engine.bytesWritten);
    if (room < 0) throw tooLarge(limits.maxOutputLength);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** The size that the compressed data itself announces; only a hint, since nothing makes it true. */
function announcedSize(compression: Compression, compressed: Uint8Array): number | undefined {
  const view = new DataView(compressed.buffer, compressed.byteOffset, compressed.length);
  if (compression === 'gzip' && compressed.length >= 18) return view.getUint32(compressed.length - 4, true);
  if (compression === 'zstd' && compressed.length >= 14) return zstdContentSize(view);
  return undefined;
}

/** Frame_Content_Size of a zstd frame header (RFC 8878 §3.1.1.1), when it is there. */
function zstdContentSize(view: DataView): number | undefined {
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3]!;
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryIdBytes;
  switch (descriptor >> 6) {
    case 0:
      return singleSegment ? view.getUint8(at) : undefined;
    case 1:
      return at + 2 <= view.byteLength ? view.getUint16(at, true) + 256 : undefined;
    default:
      return at + 4 <= view.byteLength ? view.getUint32(at, true) : undefined;
  }
}

function hasZlibHeader(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && (bytes[0]! & 0x0f) === 8 && ((bytes[0]! << 8) | bytes[1]!) % 31 === 0;
}

/** A result that fills little of its buffer is copied, so that keeping it does not keep the rest alive. */
function trimmed(output: Buffer): Buffer {
  if (output.length * 4 >= output.buffer.byteLength * 3) return output;
  const copy = Buffer.allocUnsafeSlow(output.length);
  output.copy(copy);
  return copy;
}
