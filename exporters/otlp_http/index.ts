/** Exporter `otlp_http`: sends telemetry to the next OpenTelemetry collector or backend over HTTP. */
import { type Context, defineExporter, type Exporter } from '../../component/define.ts';
import { ConsumeError, permanent, retryable } from '../../component/errors.ts';
import { createQueuedSender } from '../../component/queue.ts';
import { tlsClientOptions } from '../../component/tls.ts';
import type { Batch, Signal } from '../../pdata/batch.ts';
import { type PartialSuccess, readPartialSuccess } from '../../pdata/otlp/partial-success.ts';
import { httpExportPaths } from '../../pdata/otlp/service-paths.ts';
import { createHttpClient, type HttpResponse } from '../../wire/http/client.ts';
import { type Config, config } from './config.ts';
import { errorOfResponse } from './export-error.ts';
import { encodeRequest, requestHeaders } from './request.ts';

export default defineExporter({
  type: 'otlp_http',
  deprecatedAliases: ['otlphttp'],
  description: 'Sends traces, metrics, logs and profiles to an OpenTelemetry collector or backend over HTTP.',
  config,
  signals: { traces: 'stable', metrics: 'stable', logs: 'stable', profiles: 'development' },
  create: createOtlpHttpExporter,
});

function createOtlpHttpExporter(context: Context<Config>): Exporter {
  const { config, log } = context;
  const client = createHttpClient({
    tls: tlsClientOptions(config.tls, `exporters::${context.id}::tls`),
    maxIdleConnections: config.max_idle_conns_per_host || config.max_idle_conns,
    maxConnections: config.max_conns_per_host,
    idleTimeoutMs: config.idle_conn_timeout,
    keepAlives: !config.disable_keep_alives,
  });
  const headers = { ...userAgent(context), ...requestHeaders(config), ...revealed(config.headers) };

  async function send(batch: Batch, signal: AbortSignal): Promise<void> {
    const url = urlOf(config, batch.signal);
    // The messages of a batch follow each other as one; only profiles, with a dictionary per message, may not be joined.
    const requests = batch.signal === 'profiles' ? batch.wire.map((message) => [message]) : [batch.wire];
    for (const request of requests) {
      const body = await encodeRequest(batch.signal, request, config);
      let response: HttpResponse;
      try {
        response = await client.post(url, { headers, body, signal });
      } catch (error) {
        const cause = error as NodeJS.ErrnoException;
        throw retryable(`no answer from ${url.origin}: ${cause.message || cause.code}`, {
          grpcCode: 'UNAVAILABLE',
          cause,
        });
      }
      const error = errorOfResponse(response, url);
      if (error) throw error;
      const partial = partialSuccessOf(response);
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

function urlOf(config: Config, signal: Signal): URL {
  const own = config[`${signal}_endpoint`];
  if (own) return new URL(own);
  if (config.endpoint) return new URL(config.endpoint.replace(/\/$/, '') + httpExportPaths[signal]);
  throw permanent(`neither endpoint nor ${signal}_endpoint is set, so ${signal} cannot be sent`);
}

/** Throws a permanent error when the answer is no OTLP: the peer has the data, so sending again would double it. */
function partialSuccessOf({ headers, body }: HttpResponse): PartialSuccess | undefined {
  try {
    const type = headers['content-type'] ?? '';
    if (type.startsWith('application/x-protobuf')) return readPartialSuccess(body);
    if (type.startsWith('application/json')) return readJson(body);
    return undefined;
  } catch (error) {
    throw new ConsumeError(`the answer cannot be read: ${(error as Error).message}`, { permanent: true, cause: error });
  }
}

function readJson(body: Buffer): PartialSuccess | undefined {
  const { partialSuccess = {} } = JSON.parse(body.toString()) as { partialSuccess?: Record<string, unknown> };
  const { errorMessage = '', ...counts } = partialSuccess;
  const rejected = Number(Object.values(counts)[0] ?? 0);
  return rejected > 0 || errorMessage !== '' ? { rejected, message: String(errorMessage) } : undefined;
}

function userAgent({ host: { build } }: Context<Config>): Record<string, string> {
  return { 'user-agent': `${build.description}/${build.version} (${process.platform}/${process.arch})` };
}

function revealed(headers: Config['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]));
}
