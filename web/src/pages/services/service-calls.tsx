/** The newest calls of one service, those it made and those it answered. */
import { useState } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { TraceRow } from '../../api/types.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { range } from '../../state/time-range.ts';
import { linkTo, open } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { TraceListHead, TraceListRow } from '../traces/trace-list-row.tsx';

const rowHeight = 28;
const limit = 200;

export function ServiceCalls({ service }: { service: string }) {
  const [selected, setSelected] = useState(-1);
  const { fromMs, toMs } = range.value;
  const url = apiUrl('/traces', { start: fromMs, end: toMs, service, limit });
  const { data, error, loading } = useQuery(url, (signal) => getJson<{ traces: TraceRow[] }>(url, signal));
  const rows = data?.traces ?? [];
  const longestNs = rows.reduce((longest, row) => Math.max(longest, row.durationNs), 0);
  return (
    <section class="service-calls" aria-label={`Calls of ${service}`} aria-busy={loading}>
      <h2>
        <b>Calls of {service}</b>
        <a href={linkTo('/traces', { service })}>search them</a>
      </h2>
      {error !== undefined && <ErrorNotice error={error} />}
      <TraceListHead summary="newest" />
      <VirtualList
        class="trace-list"
        label={`Calls of ${service}, newest first`}
        count={rows.length}
        rowHeight={rowHeight}
        selected={selected}
        onSelect={setSelected}
        onOpen={(index) => open(linkTo(`/trace/${rows[index]!.traceId}`))}
        rowKey={(index) => rows[index]!.traceId}
        row={(index) => <TraceListRow trace={rows[index]!} longestNs={longestNs} />}
      />
    </section>
  );
}
