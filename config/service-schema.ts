/** The `service` section: which extensions and pipelines run, and how the collector reports on itself. */
import { z } from 'zod';
import { duration } from '../component/schemas/duration.ts';

const notSupported = (what: string) =>
  z
    .any()
    .optional()
    .refine((value) => value === undefined || value === null || (Array.isArray(value) && value.length === 0), {
      message: `${what} is not supported in this version; remove it`,
    })
    .describe(`Not supported in this version: ${what}.`);

const level = z.enum(['none', 'basic', 'normal', 'detailed']);
const logLevel = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal']),
);

const logs = z.strictObject({
  level: logLevel
    .prefault('info')
    .describe('The least important log lines that are written: debug, info, warn or error.'),
  encoding: z
    .enum(['console', 'json'])
    .default('console')
    .describe('Log lines for people (console) or for machines (json).'),
  development: z.boolean().default(false).describe('Accepted for compatibility; changes nothing.'),
  disable_caller: z.boolean().default(false).describe('Accepted for compatibility; log lines name no source line.'),
  disable_stacktrace: z
    .boolean()
    .default(false)
    .describe('Accepted for compatibility; only unexpected errors log a stack.'),
  sampling: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether equal lines are thinned out.'),
      tick: duration('10s').describe('The span of time in which equal lines are counted.'),
      initial: z.int().min(0).default(10).describe('So many equal lines of a tick are written.'),
      thereafter: z.int().min(0).default(100).describe('After them, every n-th is written; 0 writes none.'),
    })
    .prefault({})
    .describe('Keeps a flood of equal log lines from filling the disk.'),
  output_paths: z.array(z.string()).default(['stderr']).describe('Where log lines go: stderr, stdout or files.'),
  error_output_paths: z
    .array(z.string())
    .default(['stderr'])
    .describe('Accepted for compatibility; the logger reports its own errors on stderr.'),
  initial_fields: z.record(z.string(), z.unknown()).default({}).describe('Fields added to every log line.'),
  processors: notSupported('sending own logs by OTLP'),
});

const prometheus = z.strictObject({
  host: z.string().default('localhost').describe('The address on which own metrics can be scraped.'),
  port: z.int().min(0).max(65535).default(8888).describe('The port of it; 0 takes any free one.'),
  with_resource_constant_labels: z
    .any()
    .optional()
    .describe('Accepted for compatibility; resource attributes are in target_info.'),
  without_scope_info: z
    .boolean()
    .default(false)
    .describe('Accepted for compatibility; scope labels are never written.'),
  without_type_suffix: z.boolean().default(false).describe('When false, names of counters end in _total.'),
  without_units: z.boolean().default(false).describe('Accepted for compatibility; names have no unit suffixes.'),
});

const metrics = z.strictObject({
  level: level.default('normal').describe('How much the collector measures of itself; none closes the metrics port.'),
  readers: z
    .array(
      z.strictObject({
        pull: z.strictObject({ exporter: z.strictObject({ prometheus: prometheus.prefault({}) }) }).optional(),
        periodic: notSupported('pushing own metrics (a periodic reader)'),
      }),
    )
    .default([
      {
        pull: {
          exporter: {
            prometheus: {
              host: 'localhost',
              port: 8888,
              without_scope_info: true,
              without_type_suffix: true,
              without_units: true,
            },
          },
        },
      },
    ])
    .describe('Where own metrics can be read.'),
  views: notSupported('views of own metrics'),
});

export const serviceSchema = z.strictObject({
  extensions: z.array(z.string()).default([]).describe('Ids of the extensions that run, in the order they start.'),
  pipelines: z
    .record(
      z.string(),
      z.strictObject({
        receivers: z
          .array(z.string())
          .default([])
          .describe('Ids of receivers (or connectors) that feed this pipeline.'),
        processors: z.array(z.string()).default([]).describe('Ids of processors, in the order data passes them.'),
        exporters: z.array(z.string()).default([]).describe('Ids of exporters (or connectors) that each get all data.'),
      }),
    )
    .default({})
    .describe('Pipelines by id: a signal (traces, metrics, logs, profiles), or signal/name.'),
  telemetry: z
    .strictObject({
      logs: logs.prefault({}).describe("The collector's own log."),
      metrics: metrics.prefault({}).describe("The collector's own metrics."),
      traces: z
        .strictObject({
          level: level.default('none').describe('Accepted for compatibility; the collector does not trace itself.'),
          propagators: z.array(z.string()).default([]).describe('Accepted for compatibility.'),
          processors: notSupported('tracing the collector itself'),
        })
        .prefault({})
        .describe("The collector's own traces."),
      resource: z
        .record(z.string(), z.union([z.string(), z.null()]))
        .default({})
        .describe('Attributes that identify this collector; null removes one that is set automatically.'),
    })
    .prefault({})
    .describe('How the collector reports on itself.'),
});

export type ServiceConfig = z.output<typeof serviceSchema>;
export type LogsConfig = ServiceConfig['telemetry']['logs'];
