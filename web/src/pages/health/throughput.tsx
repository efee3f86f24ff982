/** What receivers took and lost, and exporters sent: totals, and rates since the last look. */
import { useRef } from 'preact/hooks';
import type { Health } from '../../api/types.ts';
import { formatBytes, formatCount, formatRate } from '../../format/number.ts';

type Samples = Health['metrics'];

/** Counters by their names, which end with what they count: spans, log_records, events … */
const counters: readonly [pattern: RegExp, meaning: string, bad: boolean][] = [
  [/^receiver_accepted_(\w+?)(?:_total)?$/, 'accepted', false],
  [/^receiver_refused_(\w+?)(?:_total)?$/, 'refused', true],
  [/^receiver_failed_(\w+?)(?:_total)?$/, 'failed', true],
  [/^receiver_ebpf_lost_(events)(?:_total)?$/, 'lost: the ring was full', true],
  [/^receiver_cbpf_kernel_(drops)(?:_total)?$/, 'of packets: the ring was full', true],
  [/^receiver_(?:ebpf|cbpf)_dropped_(batches|records|flow_records)(?:_total)?$/, 'dropped: too many waited', true],
  [/^receiver_(?:ebpf|cbpf)_evicted_(connections|flows)(?:_total)?$/, 'given up: too many were open', true],
  [/^receiver_(?:ebpf|cbpf)_parser_(failures)(?:_total)?$/, 'of parsers', true],
  [/^exporter_sent_(\w+?)(?:_total)?$/, 'sent', false],
  [/^exporter_send_failed_(\w+?)(?:_total)?$/, 'not sent', true],
  [/^exporter_enqueue_failed_(\w+?)(?:_total)?$/, 'not queued', true],
];

interface Row {
  id: string;
  item: string;
  meaning: string;
  bad: boolean;
  value: number;
}

/** An answer, when it came, and what happened per second since the one before. */
interface Look {
  metrics: Samples;
  atMs: number;
  rates: ReadonlyMap<string, number>;
}

export function Throughput({ metrics }: { metrics: Samples }) {
  const look = useRef<Look | null>(null);
  if (look.current?.metrics !== metrics) look.current = nextLook(look.current, metrics, performance.now());
  const { rates } = look.current;
  const rows = rowsOf(metrics);
  const gauges = metrics.filter((sample) => /queue_size|queue_capacity|spool/.test(sample.name));
  return (
    <section>
      <h2>Throughput</h2>
      {rows.length === 0 && <p class="missing">Nothing went through yet. OTLP is taken on ports 4317 and 4318.</p>}
      {rows.length > 0 && (
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">component</th>
              <th scope="col">what</th>
              <th scope="col" class="number">
                since start
              </th>
              <th scope="col" class="number">
                now
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const rate = rates.get(keyOf(row));
              return (
                <tr key={keyOf(row)}>
                  <th scope="row">{row.id}</th>
                  <td>
                    {row.item.replaceAll('_', ' ')} {row.meaning}
                  </td>
                  <td class={row.bad && row.value > 0 ? 'number bad' : 'number'}>
                    {row.bad && row.value > 0 && '⚠ '}
                    {formatCount(row.value)}
                  </td>
                  <td class="number">{rate === undefined ? '–' : formatRate(rate)}</td>
                </tr>
              );
            })}
            {gauges.map((sample) => (
              <tr key={`${sample.name} ${JSON.stringify(sample.labels)}`}>
                <th scope="row">{sample.labels.exporter ?? ''}</th>
                <td>{sample.name.replace(/^exporter_/, '').replaceAll('_', ' ')}</td>
                <td class="number">
                  {/bytes|spool_(size|capacity)/.test(sample.name)
                    ? formatBytes(sample.value)
                    : formatCount(sample.value)}
                </td>
                <td />
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function nextLook(before: Look | null, metrics: Samples, atMs: number): Look {
  const rates = new Map<string, number>();
  if (before !== null) {
    const old = new Map(rowsOf(before.metrics).map((row) => [keyOf(row), row.value]));
    for (const row of rowsOf(metrics)) {
      // A counter that fell began anew.
      const grown = row.value - (old.get(keyOf(row)) ?? 0);
      if (grown >= 0) rates.set(keyOf(row), (grown / (atMs - before.atMs)) * 1000);
    }
  }
  return { metrics, atMs, rates };
}

function keyOf(row: Row): string {
  return `${row.id} ${row.item} ${row.meaning}`;
}

/** One row per component, item and meaning; transports are added up. Zeros of what is bad are not worth a row. */
function rowsOf(metrics: Samples): Row[] {
  const rows = new Map<string, Row>();
  for (const { name, labels, value } of metrics) {
    for (const [pattern, meaning, bad] of counters) {
      const item = pattern.exec(name)?.[1];
      if (item === undefined || (bad && value === 0)) continue;
      const row: Row = { id: labels.receiver ?? labels.exporter ?? '', item, meaning, bad, value };
      const known = rows.get(keyOf(row));
      if (known === undefined) rows.set(keyOf(row), row);
      else known.value += value;
    }
  }
  return [...rows.values()];
}
