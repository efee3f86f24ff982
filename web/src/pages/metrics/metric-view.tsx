/** The chart of one metric, what it shows and by what it is split, and its lines in figures. */
import { useMemo } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { Attribute, MetricChart, MetricRow } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatCount, formatValue } from '../../format/number.ts';
import { Chart, type ChartLine } from '../../parts/chart.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { filters, filterText } from '../../state/filters.ts';
import { range } from '../../state/time-range.ts';
import { param, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { LineTable } from './line-table.tsx';

const shows: Readonly<Record<string, readonly string[]>> = {
  gauge: ['avg', 'min', 'max', 'sum'],
  sum: ['sum', 'avg', 'min', 'max'],
  counter: ['rate'],
  histogram: ['quantiles', 'rate', 'avg'],
  exponential_histogram: ['quantiles', 'rate', 'avg'],
  summary: ['quantiles', 'rate', 'avg'],
};

interface SeriesAnswer {
  series: { service: string; attributes: Attribute[]; resource: Attribute[] }[];
}

export function MetricView({ metric }: { metric: MetricRow }) {
  const between = { start: range.value.fromMs, end: range.value.toMs };
  const url = apiUrl('/metrics/chart', {
    ...between,
    name: metric.name,
    groupBy: param('group'),
    show: param('show'),
    f: filters.value.map(filterText),
    points: 150,
  });
  const chart = useQuery(url, (signal) => getJson<MetricChart>(url, signal));
  const seriesUrl = apiUrl('/metrics/series', { ...between, name: metric.name, limit: 500 });
  const series = useQuery(seriesUrl, (signal) => getJson<SeriesAnswer>(seriesUrl, signal));
  const possible = shows[metric.type === 'sum' && metric.monotonic ? 'counter' : metric.type]!;
  return (
    <section class="metric-view" aria-label={metric.name} aria-busy={chart.loading}>
      <h1>{metric.name}</h1>
      {metric.description !== '' && <p class="description">{metric.description}</p>}
      <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
        <label>
          Show
          <select
            value={param('show', possible[0])}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setParams({ show: value === possible[0] ? '' : value });
            }}
          >
            {possible.map((show) => (
              <option key={show} value={show}>
                {show}
              </option>
            ))}
          </select>
        </label>
        <label>
          Split by
          <select value={param('group')} onChange={(event) => setParams({ group: event.currentTarget.value })}>
            <option value="">nothing</option>
            {attributeKeys(series.data).map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </select>
        </label>
      </form>
      {chart.error !== undefined ? (
        <ErrorNotice error={chart.error} />
      ) : chart.data === undefined ? (
        <div class="skeleton chart-space tall" />
      ) : (
        <ChartAndTable chart={chart.data} />
      )}
    </section>
  );
}

/** Attributes whose values differ between series come first. */
function attributeKeys(answer: SeriesAnswer | undefined): string[] {
  const values = new Map<string, Set<string>>();
  for (const { attributes, resource } of answer?.series ?? []) {
    for (const { key, value } of [...attributes, ...resource]) {
      const seen = values.get(key) ?? new Set();
      seen.add(value);
      values.set(key, seen);
    }
  }
  return [...values]
    .sort((a, b) => Math.min(b[1].size, 2) - Math.min(a[1].size, 2) || a[0].localeCompare(b[0]))
    .map(([key]) => key);
}

/** Distinct on light and on dark; after eight lines, dashes tell them apart. */
const colors = ['#0f6cbd', '#c77700', '#2a8f5b', '#8e5bd0', '#0e8a94', '#b5478f', '#7a7f1d', '#6b7785'];

function ChartAndTable({ chart }: { chart: MetricChart }) {
  const rate = chart.show === 'rate';
  const unit = rate && chart.type !== 'sum' ? '1' : chart.unit;
  const lines = useMemo(
    () =>
      chart.lines.map(
        (line, at): ChartLine => ({
          label: line.label === '' ? chart.show : line.label,
          color: colors[at % colors.length]!,
          values: line.values,
          ...(at >= colors.length && { dash: [6, 3] }),
        }),
      ),
    [chart],
  );
  const format = (value: number | null) => formatValue(value, unit, rate);
  if (lines.length === 0) {
    return (
      <Notice title="No points in this time range">
        <p>The metric is known, but nothing was measured between these times, or a filter leaves it all out.</p>
      </Notice>
    );
  }
  return (
    <>
      <Chart
        label={`${chart.name}, ${chart.show}`}
        timesMs={chart.timesMs}
        lines={lines}
        height={320}
        format={format}
      />
      <p class="missing">
        {chart.show === 'rate' ? 'per second, ' : ''}one point per {formatDuration(chart.stepMs * 1e6)}
        {chart.hiddenLines > 0 && `; ${formatCount(chart.hiddenLines)} smaller lines are not drawn`}
      </p>
      <LineTable lines={lines} format={format} />
    </>
  );
}
