/** The options of the OTLP/HTTP exporter. */
import { z } from 'zod';
import { httpClientFields } from '../../component/schemas/http.ts';
import { sendingQueue } from '../../component/schemas/queue.ts';
import { retryOnFailure } from '../../component/schemas/retry.ts';

const ownEndpoint = (signal: string, path: string) =>
  z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(`The whole address for ${signal}. Without it \`endpoint\` with ${path} appended.`);

export const config = z
  .strictObject({
    ...httpClientFields,
    traces_endpoint: ownEndpoint('traces', '/v1/traces'),
    metrics_endpoint: ownEndpoint('metrics', '/v1/metrics'),
    logs_endpoint: ownEndpoint('logs', '/v1/logs'),
    profiles_endpoint: ownEndpoint('profiles', '/v1development/profiles'),
    encoding: z
      .enum(['proto', 'json'])
      .default('proto')
      .describe('The form of requests. proto is smaller and costs less CPU; json is for peers that read nothing else.'),
    sending_queue: sendingQueue(),
    retry_on_failure: retryOnFailure(),
  })
  .refine(
    (one) => one.endpoint || one.traces_endpoint || one.metrics_endpoint || one.logs_endpoint || one.profiles_endpoint,
    {
      message: 'at least one endpoint must be specified',
    },
  );

export type Config = z.output<typeof config>;
