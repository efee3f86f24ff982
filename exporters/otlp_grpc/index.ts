/** Exporter `otlp_grpc`: sends telemetry to the next OpenTelemetry collector or backend over gRPC. */
import { type Context, defineExporter, type Exporter } from '../../component/define.ts';
import { createQueuedSender } from '../../component/queue.ts';
import { tlsClientOptions } from '../../component/tls.ts';
import type { Batch } from '../../pdata/batch.ts';
import { type PartialSuccess, readPartialSuccess } from '../../pdata/otlp/partial-success.ts';
import { grpcExportPaths } from '../../pdata/otlp/service-paths.ts';
import { createGrpcClient } from '../../wire/grpc/client.ts';
import { type Config, config } from './config.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { consumeErrorOf } from './export-error.ts';

export default defineExporter({
  type: 'otlp_grpc',
  deprecatedAliases: ['otlp'],
  description: 'Sends traces, metrics, logs and profiles to an OpenTelemetry collector or backend over gRPC.',
  config,
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'development' },
  create: createOtlpGrpcExporter,
});

/** Responses carry at most a partial success; a larger one is no OTLP server. */
const maxResponseBytes = 4 * 2 ** 20;

/** Stands for "no limit" where a deadline must be a number. */
const noTimeoutMs = 24 * 3_600_000;

function createOtlpGrpcExporter(context: Context<Config>): Exporter {
  const { config, log } = context;
  const endpoint = parseEndpoint(config.endpoint)!;
  const client = createGrpcClient({
    target: { ...endpoint, authority: config.authority ?? endpoint.authority, tls: tlsOf(context, endpoint) },
    compression: config.compression,
    metadata: metadataOf(context),
    keepalive: { timeMs: config.keepalive.time, timeoutMs: config.keepalive.timeout },
    maxReceiveMessageBytes: maxResponseBytes,
  });
  const timeoutMs = config.timeout || noTimeoutMs;

  async function send(batch: Batch, signal: AbortSignal): Promise<void> {
    // The messages of a batch follow each other as one; only profiles, with a dictionary per message, may not be joined.
    const requests = batch.signal === 'profiles' ? batch.wire.map((message) => [message]) : [batch.wire];
    for (const request of requests) {
      let partial: PartialSuccess | undefined;
      try {
        partial = readPartialSuccess(await client.call(grpcExportPaths[batch.signal], request, { timeoutMs, signal }));
      } catch (error) {
        throw consumeErrorOf(error);
      }
      if (partial) log.warn('Partial success response', { message: partial.message, dropped: partial.rejected });
    }
  }

  const sender = createQueuedSender({
    context,
    queue: config.sending_queue,
    retry: config.retry_on_failure,
    timeoutMs: config.timeout,
    send,
  });
  return {
    consume: sender.consume,
    start: sender.start,
    async shutdown() {
      await sender.shutdown();
      client.close();
    },
  };
}

/** Undefined for plain text: only when `insecure` is asked for and nothing asks for TLS. */
function tlsOf(context: Context<Config>, endpoint: Endpoint) {
  const { tls } = context.config;
  if (tls.insecure && !tls.ca_file && !tls.ca_pem && !endpoint.https) return undefined;
  const read = () => tlsClientOptions(tls, `exporters::${context.id}::tls`);
  // Read once now, so that a missing file ends the start instead of every call.
  read();
  return read;
}

function metadataOf(context: Context<Config>): Record<string, string> {
  const { build } = context.host;
  const metadata: Record<string, string> = {
    'user-agent':
      context.config.user_agent ?? `${build.description}/${build.version} (${process.platform}/${process.arch})`,
  };
  for (const [name, value] of Object.entries(context.config.headers)) metadata[name.toLowerCase()] = value.reveal();
  return metadata;
}
