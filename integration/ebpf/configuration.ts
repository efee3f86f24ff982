/** The collector's configuration for these tests: what it sees of the processes of a cgroup becomes spans at the sink. */

/** Texts are kept as they are, for the tests compare them. */
export function traceProcesses(cgroup: string, sinkPort: number): string {
  return `
receivers:
  ebpf:
    processes:
      cgroups: [${cgroup}]
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
      receivers: [ebpf]
      exporters: [otlp_http]
`;
}
