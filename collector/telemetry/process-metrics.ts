/** What the collector's process costs: the `otelcol_process_*` metrics. */
import type { Meter } from '../../component/telemetry.ts';

/** JavaScript has no allocation counter, so runtime_total_alloc_bytes of the upstream Collector is not reported. */
export function registerProcessMetrics(meter: Meter): void {
  const startMs = performance.now();
  meter.gauge('process_uptime', 'Uptime of the process in seconds.', () => (performance.now() - startMs) / 1000);
  meter.gauge('process_cpu_seconds', 'Total CPU user and system time in seconds.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  meter.gauge('process_memory_rss', 'Total physical memory (resident set size) in bytes.', () =>
    process.memoryUsage.rss(),
  );
  meter.gauge(
    'process_runtime_heap_alloc_bytes',
    'Bytes of allocated heap objects.',
    () => process.memoryUsage().heapUsed,
  );
  meter.gauge('process_runtime_total_sys_memory_bytes', 'Total bytes of memory obtained from the OS.', () => {
    const { heapTotal, external } = process.memoryUsage();
    return heapTotal + external;
  });
}
