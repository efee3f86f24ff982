/** Metrics: a list to pick from, and a chart of the picked one. */
import { useState } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { MetricRow } from '../../api/types.ts';
import { formatCount } from '../../format/number.ts';
import { GetDataIn } from '../../parts/get-data-in.tsx';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { range } from '../../state/time-range.ts';
import { param, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { MetricView } from './metric-view.tsx';

export function MetricsPage() {
  const url = apiUrl('/metrics', { start: range.value.fromMs, end: range.value.toMs });
  const metrics = useQuery(url, (signal) => getJson<{ metrics: MetricRow[] }>(url, signal));
  if (metrics.error !== undefined) {
    return (
      <div class="page">
        <h1 class="unseen">Metrics</h1>
        <ErrorNotice error={metrics.error} />
      </div>
    );
  }
  const rows = metrics.data?.metrics;
  if (rows === undefined) {
    return (
      <div class="page metrics">
        <div class="skeleton list" role="status" aria-label="Loading" />
      </div>
    );
  }
  if (rows.length === 0) {
    return (
      <div class="page">
        <h1 class="unseen">Metrics</h1>
        <GetDataIn what="metrics" filtered={false} />
      </div>
    );
  }
  const chosen = rows.find((row) => row.name === param('metric')) ?? (param('metric') === '' ? rows[0] : undefined);
  return (
    <div class="page metrics">
      <MetricList rows={rows} chosen={chosen} />
      {chosen === undefined ? (
        <Notice title="No such metric in this time range">
          <p>
            <code>{param('metric')}</code> has no series here. Choose a longer time range, or another metric.
          </p>
        </Notice>
      ) : (
        <MetricView key={chosen.name} metric={chosen} />
      )}
    </div>
  );
}

function MetricList({ rows, chosen }: { rows: MetricRow[]; chosen: MetricRow | undefined }) {
  const [text, setText] = useState('');
  const wanted = text.toLowerCase();
  const shown = rows.filter((row) => row.name.toLowerCase().includes(wanted));
  return (
    <aside class="metric-names" aria-label="Metrics">
      <input
        data-search
        aria-label="Find a metric"
        placeholder={`Find one of ${formatCount(rows.length)} metrics`}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <VirtualList
        label="Metrics"
        count={shown.length}
        rowHeight={40}
        selected={chosen === undefined ? -1 : shown.indexOf(chosen)}
        onSelect={(index) => setParams({ metric: shown[index]!.name, group: '', show: '' }, 'replace')}
        rowKey={(index) => `${shown[index]!.name} ${shown[index]!.type}`}
        row={(index) => <MetricName row={shown[index]!} />}
      />
    </aside>
  );
}

function MetricName({ row }: { row: MetricRow }) {
  const kind = row.type === 'sum' && row.monotonic ? 'counter' : row.type.replace('_', ' ');
  return (
    <div class="metric-name" title={row.description}>
      <span>{row.name}</span>
      <small>
        {kind}
        {row.unit !== '' && `, ${row.unit}`}, {formatCount(row.series)} series
      </small>
    </div>
  );
}
