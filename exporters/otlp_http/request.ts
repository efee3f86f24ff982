/** The body of an OTLP/HTTP request: encoded and compressed as configured. */
import type { Signal } from '../../pdata/batch.ts';
import { wireToJson } from '../../pdata/otlp/json.ts';
import { type Compression, compress } from '../../wire/compression.ts';
import type { Config } from './config.ts';

/** What HTTP and the Collector call the encodings; both deflate and zlib are the zlib format. */
const compressions: Record<string, Compression> = { gzip: 'gzip', zstd: 'zstd', deflate: 'deflate', zlib: 'deflate' };

/** The pieces of a body that follow each other; `message` are pieces of one `Export*ServiceRequest`. */
export async function encodeRequest(
  signal: Signal,
  message: readonly Uint8Array[],
  config: Pick<Config, 'encoding' | 'compression' | 'compression_params'>,
): Promise<readonly Uint8Array[]> {
  const compression = compressions[config.compression];
  const pieces = config.encoding === 'json' ? [Buffer.from(wireToJson(signal, Buffer.concat(message)))] : message;
  return compression ? [await compress(compression, pieces, config.compression_params.level)] : pieces;
}

export function requestHeaders(config: Pick<Config, 'encoding' | 'compression'>): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': config.encoding === 'json' ? 'application/json' : 'application/x-protobuf',
  };
  if (config.compression !== 'none') headers['content-encoding'] = config.compression;
  return headers;
}
