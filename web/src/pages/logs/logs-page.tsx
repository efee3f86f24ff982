/** Logs: how many over time, the records, and everything about the selected one. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, apiUrl, getJson } from '../../api/client.ts';
import type { LogPage, LogRow } from '../../api/types.ts';
import { formatCount } from '../../format/number.ts';
import { GetDataIn } from '../../parts/get-data-in.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { filters, filterText } from '../../state/filters.ts';
import { onEscape } from '../../state/keys.ts';
import { range } from '../../state/time-range.ts';
import { param } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { LogChart } from './log-chart.tsx';
import { LogListRow } from './log-list-row.tsx';
import { LogPane } from './log-pane.tsx';
import { LogSearchBar } from './log-search-bar.tsx';
import { severityName } from './severity.ts';

const rowHeight = 24;
const pageSize = 1000;

export function LogsPage() {
  const search = {
    start: range.value.fromMs,
    end: range.value.toMs,
    service: param('service'),
    severity: param('severity'),
    q: param('text'),
    trace: param('trace'),
    span: param('span'),
    f: filters.value.map(filterText),
  };
  const url = apiUrl('/logs', { ...search, limit: pageSize });
  const first = useQuery(url, (signal) => getJson<LogPage>(url, signal));
  return (
    <div class="page logs">
      <h1 class="unseen">Logs</h1>
      <LogSearchBar />
      <LogChart url={apiUrl('/logs/histogram', { ...search, buckets: 80 })} />
      {first.error !== undefined ? (
        <ErrorNotice error={first.error} />
      ) : first.data === undefined ? (
        <div class="skeleton list" role="status" aria-label="Loading" />
      ) : (
        <Records key={url} url={url} first={first.data} />
      )}
    </div>
  );
}

function Records({ url, first }: { url: string; first: LogPage }) {
  const [logs, setLogs] = useState<LogRow[]>(first.logs);
  const [selected, setSelected] = useState(-1);
  const [trouble, setTrouble] = useState<ApiError>();
  const next = useRef(first.next);
  const busy = useRef(false);
  useEffect(() => {
    setLogs(first.logs);
    next.current = first.next;
  }, [first]);
  useLayoutEffect(
    () =>
      onEscape(() => {
        setSelected(-1);
        return true;
      }),
    [],
  );
  const loadMore = async () => {
    if (busy.current || next.current === '') return;
    busy.current = true;
    try {
      const page = await getJson<LogPage>(`${url}&after=${next.current}`, new AbortController().signal);
      next.current = page.next;
      setLogs((before) => before.concat(page.logs));
      setTrouble(undefined);
    } catch (error) {
      setTrouble(error as ApiError);
    } finally {
      busy.current = false;
    }
  };
  if (logs.length === 0) {
    const filtered = ['service', 'severity', 'text', 'trace', 'span', 'f'].some((name) => param(name) !== '');
    return <GetDataIn what="logs" filtered={filtered} />;
  }
  return (
    <div class={selected >= 0 ? 'log-results with-pane' : 'log-results'}>
      <section aria-label="Records">
        <div class="list-head log-columns">
          <span>time</span>
          <span>severity</span>
          <span>service</span>
          <span>
            message <small>{formatCount(logs.length)} loaded, newest first</small>
          </span>
          <span>trace</span>
        </div>
        <VirtualList
          class="log-list"
          label="Log records, newest first"
          count={logs.length}
          rowHeight={rowHeight}
          selected={selected}
          onSelect={setSelected}
          onEnd={loadMore}
          rowClass={(index) => `severity-${severityName(logs[index]!.severity)}`}
          row={(index) => <LogListRow log={logs[index]!} />}
        />
        {trouble !== undefined && <ErrorNotice error={trouble} retry={loadMore} />}
      </section>
      {selected >= 0 && logs[selected] !== undefined && (
        <LogPane log={logs[selected]!} onClose={() => setSelected(-1)} />
      )}
    </div>
  );
}
