/** OTLP over gRPC: the four Export services. */

import type { GrpcServerConfig } from '../../component/schemas/grpc.ts';
import type { Signal } from '../../pdata/batch.ts';
import { grpcExportPaths } from '../../pdata/otlp/service-paths.ts';
import type { ByteBudget } from '../../wire/byte-budget.ts';
import { createGrpcServer, type GrpcServer, type UnaryHandler } from '../../wire/grpc/server.ts';
import type { TlsServerOptions } from '../../wire/tls.ts';
import type { Intake } from './intake.ts';

/** Every Export*ServiceResponse without partial success is the message of no bytes. */
const success = new Uint8Array(0);

export function createOtlpGrpc(
  config: GrpcServerConfig,
  intakes: ReadonlyMap<Signal, Intake>,
  budget: ByteBudget,
  tls: TlsServerOptions | undefined,
): GrpcServer {
  const handlers = new Map<string, UnaryHandler>();
  for (const [signal, intake] of intakes) {
    handlers.set(grpcExportPaths[signal], async (message) => {
      await intake(message);
      return success;
    });
  }
  const { server_parameters: life } = config.keepalive;
  return createGrpcServer(handlers, {
    maxReceiveMessageBytes: config.max_recv_msg_size_mib * 2 ** 20,
    maxConcurrentStreams: config.max_concurrent_streams || 2 ** 32 - 1,
    bodyIdleTimeoutMs: config.body_idle_timeout,
    budget,
    keepalive: {
      timeMs: life.time,
      timeoutMs: life.timeout,
      maxConnectionIdleMs: life.max_connection_idle,
      maxConnectionAgeMs: life.max_connection_age,
      maxConnectionAgeGraceMs: life.max_connection_age_grace,
    },
    tls,
  });
}
