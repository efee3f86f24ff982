/** The options of the OTLP/gRPC exporter. */
import { z } from 'zod';
import { duration } from '../../component/schemas/duration.ts';
import { grpcClientFields } from '../../component/schemas/grpc.ts';
import { sendingQueue } from '../../component/schemas/queue.ts';
import { retryOnFailure } from '../../component/schemas/retry.ts';
import { parseEndpoint } from './endpoint.ts';

export const config = z
  .strictObject({
    ...grpcClientFields,
    timeout: duration('5s').describe('One attempt to send may last this long. 0s is no limit.'),
    sending_queue: sendingQueue(),
    retry_on_failure: retryOnFailure(),
  })
  .refine(({ endpoint }) => parseEndpoint(endpoint), {
    path: ['endpoint'],
    message: 'write host:port, http://host:port, https://host:port, dns:///host:port or unix:///path',
  });

export type Config = z.output<typeof config>;
