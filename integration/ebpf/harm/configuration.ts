/** The collector's configuration for tests of what must not harm it. */

export interface Harm {
  /** Only processes of this cgroup are traced; all without it. */
  cgroup?: string;
  /** Where spans go; to nowhere without it. */
  sinkPort?: number;
  /** Where the collector's own metrics are. */
  metricsPort?: number;
  /** YAML of the receiver, one line an option: `ring: {size: 256KiB}`. */
  receiver?: readonly string[];
}

/** Texts are kept as they are, for the tests compare them. */
export function traceHarm({ cgroup, sinkPort, metricsPort, receiver = [] }: Harm): string {
  const exporter = sinkPort === undefined ? 'nop' : 'otlp_http';
  const options = sinkPort === undefined ? '' : `{endpoint: "http://127.0.0.1:${sinkPort}", compression: none}`;
  const only = cgroup === undefined ? '' : `processes: {cgroups: [${cgroup}], events: false}`;
  const metrics =
    metricsPort === undefined
      ? '{level: none}'
      : `{readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}]}`;
  return `
receivers:
  ebpf:
    ${[only, ...receiver].filter(Boolean).join('\n    ')}
    tcp: {enabled: false}
    files: {mode: off}
exporters:
  ${exporter}: ${options}
service:
  telemetry:
    metrics: ${metrics}
  pipelines:
    traces:
      receivers: [ebpf]
      exporters: [${exporter}]
`;
}
