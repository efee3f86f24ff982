/** Traces: services by trouble on the left, a search, and the traces it found. */
import { useState } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { ServiceRow, TraceRow } from '../../api/types.ts';
import { formatCount } from '../../format/number.ts';
import { GetDataIn } from '../../parts/get-data-in.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { filters, filterText } from '../../state/filters.ts';
import { range } from '../../state/time-range.ts';
import { linkTo, open, param } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { ServiceTable } from './service-table.tsx';
import { TraceListHead, TraceListRow } from './trace-list-row.tsx';
import { TraceSearchBar } from './trace-search-bar.tsx';

const rowHeight = 28;
const limit = 500;

export function TracesPage() {
  const { fromMs, toMs } = range.value;
  const between = { start: fromMs, end: toMs };
  const url = apiUrl('/traces', {
    ...between,
    service: param('service'),
    operation: param('operation'),
    status: param('status'),
    minDuration: param('min'),
    maxDuration: param('max'),
    f: filters.value.map(filterText),
    limit,
  });
  const traces = useQuery(url, (signal) => getJson<{ traces: TraceRow[] }>(url, signal));
  const servicesUrl = apiUrl('/services', between);
  const services = useQuery(servicesUrl, (signal) => getJson<{ services: ServiceRow[] }>(servicesUrl, signal));
  return (
    <div class="page traces">
      <h1 class="unseen">Traces</h1>
      <ServiceTable services={services} />
      <section class="results" aria-label="Traces" aria-busy={traces.loading}>
        <TraceSearchBar services={(services.data?.services ?? []).map((row) => row.service)} />
        {traces.error !== undefined ? <ErrorNotice error={traces.error} /> : <Results rows={traces.data?.traces} />}
      </section>
    </div>
  );
}

function Results({ rows }: { rows: TraceRow[] | undefined }) {
  const [selected, setSelected] = useState(-1);
  if (rows === undefined) return <div class="skeleton list" role="status" aria-label="Loading" />;
  const filtered = ['service', 'operation', 'status', 'min', 'max', 'f'].some((name) => param(name) !== '');
  if (rows.length === 0) return <GetDataIn what="traces" filtered={filtered} />;
  const longestNs = rows.reduce((longest, row) => Math.max(longest, row.durationNs), 0);
  return (
    <>
      <TraceListHead
        summary={
          rows.length === limit
            ? `newest ${formatCount(limit)}`
            : `${formatCount(rows.length)} trace${rows.length === 1 ? '' : 's'}`
        }
      />
      <VirtualList
        class="trace-list"
        label="Traces, newest first"
        count={rows.length}
        rowHeight={rowHeight}
        selected={selected}
        onSelect={setSelected}
        onOpen={(index) => open(linkTo(`/trace/${rows[index]!.traceId}`))}
        rowKey={(index) => rows[index]!.traceId}
        row={(index) => <TraceListRow trace={rows[index]!} longestNs={longestNs} />}
      />
    </>
  );
}
