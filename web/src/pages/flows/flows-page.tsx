/** Flows: the connections of a time range, to search and to sort, and everything about the selected one. */
import { useLayoutEffect } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { FlowRow } from '../../api/types.ts';
import { formatCount } from '../../format/number.ts';
import { GetDataIn } from '../../parts/get-data-in.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { filters, filterText } from '../../state/filters.ts';
import { onEscape } from '../../state/keys.ts';
import { range } from '../../state/time-range.ts';
import { param, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { FlowPane } from './flow-pane.tsx';
import { FlowHead, FlowListRow } from './flow-row.tsx';

const rowHeight = 26;
const limit = 1000;

export function FlowsPage() {
  const url = apiUrl('/flows', {
    start: range.value.fromMs,
    end: range.value.toMs,
    q: param('q'),
    flow: param('id'),
    sort: param('sort'),
    f: filters.value.map(filterText),
    limit,
  });
  const flows = useQuery(url, (signal) => getJson<{ flows: FlowRow[] }>(url, signal));
  return (
    <div class="page flows">
      <h1 class="unseen">Flows</h1>
      <search>
        <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
          <TextField
            name="q"
            label="Address, port or protocol"
            placeholder="10.0.0.7, 10.0.0.9:443, :53, redis"
            look="wide"
          />
          <TextField name="id" label="Flow id" placeholder="any" look="mono" />
        </form>
      </search>
      {flows.error !== undefined ? <ErrorNotice error={flows.error} /> : <Flows rows={flows.data?.flows} />}
    </div>
  );
}

function Flows({ rows }: { rows: FlowRow[] | undefined }) {
  useLayoutEffect(
    () =>
      onEscape(() => {
        setParams({ flow: '' }, 'replace');
        return true;
      }),
    [],
  );
  if (rows === undefined) return <div class="skeleton list" role="status" aria-label="Loading" />;
  if (rows.length === 0) {
    return <GetDataIn what="flows" filtered={['q', 'id', 'f'].some((name) => param(name) !== '')} />;
  }
  const selected = rows.findIndex(keyIs(param('flow')));
  const flow = rows[selected];
  return (
    <div class={flow === undefined ? 'log-results' : 'log-results with-pane'}>
      <section aria-label="Connections">
        <div class="table-scroll">
          <div class="wide-table">
            <FlowHead
              summary={`${rows.length === limit ? 'the first ' : ''}${formatCount(rows.length)} flow${rows.length === 1 ? '' : 's'}`}
            />
            <VirtualList
              class="flow-list"
              label="Connections"
              count={rows.length}
              rowHeight={rowHeight}
              selected={selected}
              onSelect={(index) => setParams({ flow: keyOf(rows[index]!) }, 'replace')}
              rowKey={(index) => keyOf(rows[index]!)}
              row={(index) => <FlowListRow flow={rows[index]!} />}
            />
          </div>
        </div>
      </section>
      {flow !== undefined && <FlowPane flow={flow} />}
    </div>
  );
}

/** A flow has an id of its own at each capture point; the point keeps two captures of one id apart. */
function keyOf({ flowId, observationPoint }: FlowRow): string {
  return `${flowId}@${observationPoint}`;
}

function keyIs(key: string): (flow: FlowRow) => boolean {
  return (flow) => keyOf(flow) === key || flow.flowId === key;
}
