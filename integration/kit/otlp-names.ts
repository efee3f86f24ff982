/** What OTLP calls its services and paths (opentelemetry-proto, OTLP specification). */
import type { Signal } from '../../pdata/batch.ts';

export const services: Record<Signal, string> = {
  traces: 'opentelemetry.proto.collector.trace.v1.TraceService',
  metrics: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  logs: 'opentelemetry.proto.collector.logs.v1.LogsService',
  profiles: 'opentelemetry.proto.collector.profiles.v1development.ProfilesService',
};

export const httpPaths: Record<Signal, string> = {
  traces: '/v1/traces',
  metrics: '/v1/metrics',
  logs: '/v1/logs',
  profiles: '/v1development/profiles',
};
