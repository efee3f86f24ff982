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
} as const;

export function GetDataIn({ what, filtered }: { what: keyof typeof lines; filtered: boolean }) {
  return (
    <Notice title={`No ${what} ${filtered ? 'match' : 'in this time range'}`}>
      {filtered && <p>Take away a filter, or choose a longer time range.</p>}
      {!filtered && <p>Choose a longer time range, or send some. Any OpenTelemetry SDK will do; for example:</p>}
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
