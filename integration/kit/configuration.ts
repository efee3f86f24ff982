/** Configurations of collectors whose data goes to the sink, where tests look at it. */

/** Components by id, with their options. */
type Components = Readonly<Record<string, unknown>>;

export interface Pipeline {
  receivers: readonly string[];
  /** Besides the sink, as a connector. */
  exporters?: readonly string[];
}

/** Each of `signals` goes from all receivers to the sink. */
export function toSink(sinkPort: number, receivers: Components, signals: readonly string[] = ['traces']): string {
  const from = { receivers: Object.keys(receivers) };
  return pipelinesToSink(sinkPort, { receivers }, Object.fromEntries(signals.map((signal) => [signal, from])));
}

/** The same with pipelines of their own. `components`: by kind, as in YAML, of which JSON is a part. */
export function pipelinesToSink(
  sinkPort: number,
  components: Readonly<Record<string, Components>>,
  pipelines: Readonly<Record<string, Pipeline>>,
): string {
  const toSinkToo = Object.entries(pipelines).map(([id, { receivers, exporters = [] }]) => [
    id,
    { receivers, exporters: ['otlp_http', ...exporters] },
  ]);
  return JSON.stringify({
    ...components,
    exporters: { otlp_http: { endpoint: `http://127.0.0.1:${sinkPort}`, compression: 'none' } },
    service: { telemetry: { metrics: { level: 'none' } }, pipelines: Object.fromEntries(toSinkToo) },
  });
}
