/** Options of the `health_check` extension: those of the OpenTelemetry Collector, of both its versions. */
import { z } from 'zod';
import { endpointFitsTransport, listenAddress } from '../../component/schemas/address.ts';
import { duration } from '../../component/schemas/duration.ts';

const address = listenAddress('localhost:13133');

const http = z.strictObject({
  endpoint: address.endpoint.optional(),
  status: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether the state is served.'),
      path: z
        .string()
        .startsWith('/')
        .default('/status')
        .describe('Where: ?pipeline=traces asks for one pipeline, ?verbose for components.'),
    })
    .prefault({})
    .describe('The state of the collector and its pipelines.'),
  config: z
    .any()
    .refine((value) => value?.enabled !== true, {
      message: 'serving the configuration is not supported in this version; use the print-config command',
    })
    .optional()
    .describe('Not supported in this version.'),
});

export const healthCheckConfig = z
  .strictObject({
    ...address,
    path: z.string().startsWith('/').default('/').describe('The path that answers 200 or 503. For use_v2: false.'),
    response_body: z
      .strictObject({
        healthy: z.string().default('').describe('Body of a 200 answer; empty gives a JSON status.'),
        unhealthy: z.string().default('').describe('Body of a 503 answer; empty gives a JSON status.'),
      })
      .prefault({})
      .describe('What is answered instead of the JSON status. For use_v2: false.'),
    use_v2: z
      .boolean()
      .default(false)
      .describe('True serves the state of pipelines and components under http.status.path.'),
    http: http.prefault({}).describe('What is served over HTTP. For use_v2: true.'),
    grpc: z
      .any()
      .refine((value) => value === undefined, {
        message: 'the gRPC health service is not supported in this version; use http',
      })
      .optional()
      .describe('Not supported in this version.'),
    component_health: z
      .strictObject({
        include_permanent_errors: z
          .boolean()
          .default(false)
          .describe('Whether a permanent error of a component makes the answer 500.'),
        include_recoverable_errors: z
          .boolean()
          .default(false)
          .describe('Whether an error that lasts longer than recovery_duration makes the answer 500.'),
        recovery_duration: duration('5m').describe('So long may a component take to recover before its error counts.'),
      })
      .prefault({})
      .describe('Which errors of components count. For use_v2: true.'),
  })
  .check(endpointFitsTransport);

export type HealthCheckConfig = z.output<typeof healthCheckConfig>;
