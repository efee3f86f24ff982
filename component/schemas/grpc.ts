/** The gRPC server and client blocks (configgrpc), with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { endpointFitsTransport, includeMetadata, listenAddress } from './address.ts';
import { duration } from './duration.ts';
import { secret } from './secret.ts';
import { size } from './size.ts';
import { tlsClient, tlsServer } from './tls.ts';

const bufferSize = () =>
  size('512KiB').describe('Taken for compatibility; Node chooses its socket buffers itself, so it changes nothing.');

const serverKeepalive = z
  .strictObject({
    server_parameters: z
      .strictObject({
        max_connection_idle: duration('0s').describe(
          'A connection without calls for this long is asked to close. 0s never does.',
        ),
        max_connection_age: duration('0s').describe(
          'A connection this old is asked to close, so that clients behind a load balancer spread anew. 0s never does.',
        ),
        max_connection_age_grace: duration('0s').describe(
          'A connection that was asked to close for its age is cut this much later. 0s waits for its calls.',
        ),
        time: duration('60s').describe(
          'A connection silent for this long is asked for a sign of life. Smaller finds vanished peers sooner, for a packet each time.',
        ),
        timeout: duration('20s').describe('A connection that gives no sign of life for this long is cut.'),
      })
      .prefault({})
      .describe('When connections are probed and closed.'),
    enforcement_policy: z
      .strictObject({
        min_time: duration('5m').describe('Taken for compatibility: clients that ping often are not punished.'),
        permit_without_stream: z
          .boolean()
          .default(false)
          .describe('Taken for compatibility: such pings are always answered.'),
      })
      .prefault({})
      .describe('Taken for compatibility: pings of clients are always answered.'),
  })
  .prefault({})
  .describe('How long connections live and how vanished peers are noticed.');

/** A gRPC server block that listens on `defaultEndpoint` unless YAML says otherwise. */
export function grpcServer(defaultEndpoint: string) {
  return z
    .strictObject({
      ...listenAddress(defaultEndpoint),
      tls: tlsServer(),
      max_recv_msg_size_mib: z
        .int()
        .min(1)
        .max(2047)
        .default(4)
        .describe(
          'Largest message in MiB, before and after decompression. Larger ones are refused; raising it costs memory per request.',
        ),
      max_concurrent_streams: z
        .int()
        .min(0)
        .default(1000)
        .describe('Calls that one connection may have under way; a client waits with the next one. 0 is no limit.'),
      read_buffer_size: bufferSize(),
      write_buffer_size: bufferSize(),
      keepalive: serverKeepalive,
      include_metadata: includeMetadata(),
      body_idle_timeout: duration('60s').describe(
        'A request that makes no progress for this long is ended, so that stuck peers hold no memory.',
      ),
    })
    .check(endpointFitsTransport);
}

export type GrpcServerConfig = z.output<ReturnType<typeof grpcServer>>;

const clientKeepalive = z
  .strictObject({
    time: duration('10s').describe(
      'While calls are under way, a connection silent for this long is asked for a sign of life.',
    ),
    timeout: duration('10s').describe('A connection that gives no sign of life for this long is cut and made anew.'),
    permit_without_stream: z
      .boolean()
      .default(false)
      .describe('Taken for compatibility: connections without calls are not probed.'),
  })
  .prefault({})
  .describe('How a vanished peer is noticed.');

/** The fields of a gRPC client block, to be spread into an exporter's schema. */
export const grpcClientFields = {
  endpoint: z
    .string()
    .describe(
      'The peer: host:port, http://host:port, https://host:port (always TLS), dns:///host:port or unix:///path. Whether TLS is spoken is decided by `tls`.',
    ),
  compression: z
    .enum(['none', '', 'gzip', 'zstd', 'deflate'])
    .default('gzip')
    .transform((value) => (value === '' ? 'none' : value))
    .describe(
      'How requests are compressed. gzip is read by every server; zstd costs a third of its CPU; none suits fast networks.',
    ),
  tls: tlsClient(),
  keepalive: clientKeepalive,
  headers: z.record(z.string(), secret()).default({}).describe('Metadata sent with every call, such as an API key.'),
  user_agent: z.string().optional().describe('What this collector calls itself; its name and version unless set.'),
  authority: z
    .string()
    .optional()
    .describe('The `:authority` that calls carry, when it is not the host of the endpoint.'),
  wait_for_ready: z
    .boolean()
    .default(false)
    .describe('Taken for compatibility: while the peer is down, calls fail at once and `retry_on_failure` waits.'),
  balancer_name: z
    .string()
    .default('round_robin')
    .describe('Taken for compatibility: one connection is kept, to the first address that answers.'),
  read_buffer_size: bufferSize(),
  write_buffer_size: bufferSize(),
};
