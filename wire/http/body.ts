/** Collects and decompresses one request body within its limits. */
import type { IncomingHttpHeaders } from 'node:http';
import { giveBody, takeBody } from '../body-pool.ts';
import type { ByteBudget } from '../byte-budget.ts';
import { type Compression, decompress, OutputTooLarge } from '../compression.ts';
import { HttpFailure } from './failure.ts';

/** What HTTP calls the encodings; `zlib` is the Collector's name for what HTTP calls deflate. */
const compressions: Record<string, Compression> = { gzip: 'gzip', zstd: 'zstd', deflate: 'deflate', zlib: 'deflate' };

/**
 * A body of known length gets one buffer of that size; a chunked one is joined at its end. Either way its bytes are
 * taken from the budget before they are kept, and `release` gives them back.
 */
export class BodyCollector {
  readonly #maxBytes: number;
  readonly #budget: ByteBudget;
  readonly #encodings: readonly string[];
  #compression: Compression | undefined;
  #sized: Buffer | null;
  #chunks: Buffer[];
  #length: number;
  #takenBytes: number;

  constructor(maxBytes: number, budget: ByteBudget, encodings: readonly string[]) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#encodings = encodings;
    this.#compression = undefined;
    this.#sized = null;
    this.#chunks = [];
    this.#length = 0;
    this.#takenBytes = 0;
  }

  /** Looks at the headers; throws an HttpFailure when the body will not be read. */
  open(headers: IncomingHttpHeaders): void {
    const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
    const name = encoding === 'identity' ? '' : encoding;
    if (!this.#encodings.includes(name) || (name !== '' && !compressions[name])) {
      const known = this.#encodings.filter((one) => one === '' || compressions[one]).map((one) => one || 'none');
      throw new HttpFailure(400, `unsupported Content-Encoding: ${encoding}; this server reads ${known.join(', ')}`);
    }
    this.#compression = compressions[name];
    const length = headers['content-length'];
    if (length === undefined) return;
    const sizeBytes = Number(length);
    if (sizeBytes > this.#maxBytes) throw this.#tooLarge();
    this.#take(sizeBytes);
    this.#sized = takeBody(sizeBytes);
  }

  push(chunk: Buffer): void {
    if (this.#sized) {
      chunk.copy(this.#sized, this.#length);
    } else {
      if (this.#length + chunk.length > this.#maxBytes) throw this.#tooLarge();
      this.#take(chunk.length);
      this.#chunks.push(chunk);
    }
    this.#length += chunk.length;
  }

  /** The complete, decompressed body. */
  async read(): Promise<Buffer> {
    const body = this.#sized ?? Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [];
    if (this.#compression === undefined) return body;
    try {
      const plain = await decompress(this.#compression, body, this.#maxBytes);
      giveBody(body);
      this.#take(plain.length - body.length);
      return plain;
    } catch (error) {
      if (error instanceof OutputTooLarge) throw this.#tooLarge();
      if (error instanceof HttpFailure) throw error;
      throw new HttpFailure(400, `the request body cannot be decompressed: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  release(): void {
    this.#budget.give(this.#takenBytes);
    this.#takenBytes = 0;
    this.#sized = null;
    this.#chunks = [];
  }

  #take(bytes: number): void {
    if (!this.#budget.take(bytes)) {
      const { usedBytes, limitBytes } = this.#budget;
      throw new HttpFailure(503, `requests being handled already hold ${usedBytes} of ${limitBytes} bytes`);
    }
    this.#takenBytes += bytes;
  }

  #tooLarge(): HttpFailure {
    return new HttpFailure(400, `http: request body too large (the limit is ${this.#maxBytes} bytes)`);
  }
}
