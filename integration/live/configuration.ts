/** The collector's configuration for live tests: what a filter lets through on loopback becomes spans at the sink. */

/**
 * `filter` is tcpdump's language; texts are kept as they are, for the tests compare
 * them. The ring holds all that a test says, however long the machine lets the collector wait.
 */
export function captureCalls(filter: string, sinkPort: number): string {
  return `
receivers:
  cbpf:
    interfaces: '^lo$'
    filter: ${filter}
    ring:
      blocks: 96
    protocols:
      obfuscate: false
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:${sinkPort}
    compression: none
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    traces:
      receivers: [cbpf]
      exporters: [otlp_http]
`;
}
