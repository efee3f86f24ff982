/** The options of the OTLP receiver. */
import { z } from 'zod';
import { grpcServer } from '../../component/schemas/grpc.ts';
import { httpServerBlock, httpServerFields } from '../../component/schemas/http.ts';
import { size } from '../../component/schemas/size.ts';
import type { Signal } from '../../pdata/batch.ts';
import { httpExportPaths } from '../../pdata/otlp/service-paths.ts';

const urlPath = (signal: Signal) =>
  z
    .string()
    .startsWith('/', 'a path begins with /')
    .default(httpExportPaths[signal])
    .describe(`The path that takes ${signal}; change it only for senders that cannot use the standard one.`);

const http = httpServerBlock({
  ...httpServerFields('localhost:4318'),
  traces_url_path: urlPath('traces'),
  metrics_url_path: urlPath('metrics'),
  logs_url_path: urlPath('logs'),
  profiles_url_path: urlPath('profiles'),
});

export const config = z
  .strictObject({
    protocols: z
      .strictObject({
        grpc: grpcServer('localhost:4317')
          .optional()
          .describe('OTLP over gRPC. An empty block switches it on with its defaults.'),
        http: http
          .optional()
          .describe('OTLP over HTTP, protobuf and JSON. An empty block switches it on with its defaults.'),
      })
      .prefault({})
      .describe('Which protocols are spoken; at least one.'),
    max_bytes_in_flight: size('128MiB').describe(
      'Requests that were not answered yet hold at most this much memory; beyond it senders are told to try again later. Raise it for many senders with large requests.',
    ),
  })
  .refine(({ protocols }) => protocols.grpc || protocols.http, {
    message: 'must specify at least one protocol when using the OTLP receiver',
  });

export type Config = z.output<typeof config>;
export type HttpConfig = z.output<typeof http>;
