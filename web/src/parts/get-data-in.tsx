/** What an empty page says: the lines to paste to get data into it. */
import { Notice } from './notice.tsx';

const lines = {
  traces: `npm install @opentelemetry/sdk-node @opentelemetry/auto-instrumentations-node
export OTEL_SERVICE_NAME=my-service
export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc
node --require @opentelemetry/auto-instrumentations-node/register app.js`,
  logs: `curl http://localhost:4318/v1/logs -H 'Content-Type: application/json' -d '{"resourceLogs":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my-service"}}]},
  "scopeLogs":[{"logRecords":[{"timeUnixNano":"'$(date +%s%N)'","severityNumber":9,"body":{"stringValue":"hello"}}]}]}]}'`,
  metrics: `curl http://localhost:4318/v1/metrics -H 'Content-Type: application/json' -d '{"resourceMetrics":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my-service"}}]},
  "scopeMetrics":[{"metrics":[{"name":"my.gauge","gauge":{"dataPoints":[{"timeUnixNano":"'$(date +%s%N)'","asDouble":42}]}}]}]}]}'`,
  calls: `service:
  pipelines:
    traces: {receivers: [otlp, ebpf, cbpf], exporters: [clickhouse, red]}
    logs: {receivers: [otlp, ebpf, cbpf], exporters: [clickhouse, red]}
    metrics/red: {receivers: [red], exporters: [clickhouse]}`,
  flows: `receivers:
  ebpf:
  cbpf:
service:
  pipelines:
    logs: {receivers: [otlp, ebpf, cbpf], exporters: [clickhouse, red]}`,
} as const;

/** Before the lines. */
const hints: Readonly<Record<keyof typeof lines, string>> = {
  traces: 'Choose a longer time range, or send some. Any OpenTelemetry SDK will do; for example:',
  logs: 'Choose a longer time range, or send some. Any OpenTelemetry SDK will do; for example:',
  metrics:
    'Choose a longer time range, or send some. Rates, errors and durations of calls that were seen are under Services. Any OpenTelemetry SDK will do; for example:',
  calls:
    'Choose a longer time range. Calls are counted by the connector red, from spans that are sent and from what processes and packets tell; in the configuration:',
  flows:
    'Choose a longer time range. Connections are seen in the kernel (CAP_BPF and CAP_PERFMON) and in packets (CAP_NET_RAW); root may do both, and bin/otelcol-deepflow doctor says what is missing. In the configuration:',
};

export function GetDataIn({ what, filtered }: { what: keyof typeof lines; filtered: boolean }) {
  return (
    <Notice title={`No ${what} ${filtered ? 'match' : 'in this time range'}`}>
      {filtered && <p>Take away a filter, or choose a longer time range.</p>}
      {!filtered && <p>{hints[what]}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      {!filtered && <pre tabIndex={0}>{lines[what]}</pre>}
      {!filtered && (
        <p>
          OTLP is taken on ports 4317 (gRPC) and 4318 (HTTP). Data that was sent and is not here:{' '}
          <a href="/health">look at the pipelines</a>.
        </p>
      )}
    </Notice>
  );
}
