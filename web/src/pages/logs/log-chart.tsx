/** How many log records there were over time, by severity. */
import { useMemo } from 'preact/hooks';
import { getJson } from '../../api/client.ts';
import type { LogHistogram } from '../../api/types.ts';
import { formatCount, formatShort } from '../../format/number.ts';
import { Chart } from '../../parts/chart.tsx';
import { useQuery } from '../../state/use-query.ts';

const colors: Readonly<Record<string, string>> = {
  fatal: '#9b1c31',
  error: '#d13438',
  warn: '#c77700',
  info: '#4f8fc7',
  debug: '#8a8f98',
  trace: '#b3b7be',
  unknown: '#6f7680',
};

export function LogChart({ url }: { url: string }) {
  const histogram = useQuery(url, (signal) => getJson<LogHistogram>(url, signal));
  const { data } = histogram;
  const lines = useMemo(() => {
    const all = Object.keys(colors).map((name) => ({
      label: name,
      color: colors[name]!,
      values: data?.counts[name] ?? [],
    }));
    return all.filter((line) => line.values.some((value) => value > 0));
  }, [data]);
  if (histogram.error !== undefined) return null;
  if (data === undefined) return <div class="skeleton chart-space" />;
  const total = lines.reduce((sum, line) => sum + line.values.reduce((inner, value) => inner + value, 0), 0);
  if (total === 0) return null;
  return (
    <figure class="log-chart">
      <Chart
        label={`${formatCount(total)} log records over time`}
        timesMs={data.timesMs}
        lines={lines}
        height={96}
        bars
        format={(value) => formatShort(value ?? 0)}
      />
    </figure>
  );
}
