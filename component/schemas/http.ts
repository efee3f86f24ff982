/** The HTTP server and client blocks (confighttp), with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { endpointFitsTransport, includeMetadata, listenAddress } from './address.ts';
import { duration } from './duration.ts';
import { secret } from './secret.ts';
import { size } from './size.ts';
import { tlsClient, tlsServer } from './tls.ts';

const cors = z
  .strictObject({
    allowed_origins: z
      .array(z.string())
      .default([])
      .describe(
        'Origins of pages that may send, such as https://*.example.com; `*` stands for any text. Empty allows none.',
      ),
    allowed_headers: z
      .array(z.string())
      .default([])
      .describe(
        'Request headers that pages may send besides Accept, Content-Type and X-Requested-With; `*` allows all.',
      ),
    exposed_headers: z.array(z.string()).default([]).describe('Response headers that pages may read.'),
    max_age: z
      .int()
      .min(0)
      .default(0)
      .describe('Seconds for which a browser remembers the answer to a preflight request. 0 leaves it to the browser.'),
  })
  .describe('Lets pages of other origins send from a browser. Without this block they may not.');

/** The fields of an HTTP server block; spread them, add own options, and finish with {@link httpServerBlock}. */
export function httpServerFields(defaultEndpoint: string) {
  return {
    ...listenAddress(defaultEndpoint),
    tls: tlsServer(),
    cors: cors.optional(),
    max_request_body_size: size('20MiB').describe(
      'Largest body, before and after decompression; larger ones are refused with 400. Raising it costs memory per request.',
    ),
    response_headers: z.record(z.string(), secret()).default({}).describe('Headers added to every response.'),
    compression_algorithms: z
      .array(z.enum(['', 'gzip', 'zstd', 'zlib', 'snappy', 'deflate', 'lz4', 'x-snappy-framed']))
      .default(['', 'gzip', 'zstd', 'zlib', 'deflate'])
      .describe(
        'Values of Content-Encoding that are taken; an empty one stands for none. snappy and lz4 are not read by this version.',
      ),
    read_timeout: duration('0s').describe('A request must be complete after this time. 0s is no limit.'),
    read_header_timeout: duration('60s').describe(
      'The headers of a request must be complete after this time. 0s is no limit.',
    ),
    write_timeout: duration('0s').describe(
      'The response must be taken this long after the request began. 0s is no limit.',
    ),
    idle_timeout: duration('0s').describe(
      'A kept-alive connection without requests is closed after this time. 0s is no limit; vanished peers are found by TCP.',
    ),
    keep_alives_enabled: z.boolean().default(true).describe('Whether a connection serves more than one request.'),
    include_metadata: includeMetadata(),
    body_idle_timeout: duration('60s').describe(
      'A request that makes no progress for this long is ended, so that stuck peers hold no memory.',
    ),
  };
}

/** The block of the fields, with the rule that address and transport fit. */
export function httpServerBlock<T extends ReturnType<typeof httpServerFields>>(fields: T) {
  return z.strictObject(fields).check(endpointFitsTransport as never);
}

/** The fields of an HTTP client block, to be spread into an exporter's schema. */
export const httpClientFields = {
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('The base address of the peer, such as https://collector:4318.'),
  tls: tlsClient(),
  headers: z.record(z.string(), secret()).default({}).describe('Headers sent with every request, such as an API key.'),
  compression: z
    .enum(['none', '', 'gzip', 'zstd', 'zlib', 'deflate'])
    .default('gzip')
    .transform((value) => (value === '' ? 'none' : value))
    .describe(
      'How requests are compressed. gzip is read by every server; zstd costs a third of its CPU; none suits fast networks.',
    ),
  compression_params: z
    .strictObject({
      level: z
        .int()
        .min(-1)
        .max(22)
        .optional()
        .describe('Level of gzip, zlib and deflate (1 fastest to 9 smallest) or zstd (1 to 22). Without it 1.'),
    })
    .prefault({})
    .describe('How hard requests are compressed.'),
  timeout: duration('30s').describe('One attempt to send may last this long. 0s is no limit.'),
  max_idle_conns: z.int().min(0).default(100).describe('Kept-alive connections that wait for the next request.'),
  max_idle_conns_per_host: z
    .int()
    .min(0)
    .default(0)
    .describe('Like `max_idle_conns`, which is used when this is 0: an exporter has one host.'),
  max_conns_per_host: z
    .int()
    .min(0)
    .default(0)
    .describe('Connections open at once. 0 is no limit (`sending_queue.num_consumers` is one).'),
  idle_conn_timeout: duration('90s').describe('A waiting connection is closed after this time. 0s is no limit.'),
  disable_keep_alives: z.boolean().default(false).describe('Whether each request makes a connection of its own.'),
  force_attempt_http2: z.boolean().default(true).describe('Taken for compatibility: requests are sent over HTTP/1.1.'),
  read_buffer_size: size('0').describe(
    'Taken for compatibility; Node chooses its socket buffers itself, so it changes nothing.',
  ),
  write_buffer_size: size('512KiB').describe(
    'Taken for compatibility; Node chooses its socket buffers itself, so it changes nothing.',
  ),
};
