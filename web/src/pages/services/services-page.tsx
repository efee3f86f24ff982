/** Services and edges: who asks whom, how often, with what success, how fast, over what traffic. */
import { useState } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { EdgeRow, ServiceRow } from '../../api/types.ts';
import { formatCount } from '../../format/number.ts';
import { GetDataIn } from '../../parts/get-data-in.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { TextField } from '../../parts/text-field.tsx';
import { VirtualList } from '../../parts/virtual-list.tsx';
import { range } from '../../state/time-range.ts';
import { linkTo, open, param } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { ServiceTable } from '../traces/service-table.tsx';
import { callsOf, EdgeHead, EdgeListRow } from './edge-row.tsx';
import { sortEdges } from './edge-sort.ts';
import { ServiceCalls } from './service-calls.tsx';

const rowHeight = 42;
const headHeight = 28;
const limit = 1000;

export function ServicesPage() {
  const between = { start: range.value.fromMs, end: range.value.toMs };
  const service = param('service');
  const url = apiUrl('/calls/edges', { ...between, service, protocol: param('protocol'), limit });
  const edges = useQuery(url, (signal) => getJson<{ edges: EdgeRow[] }>(url, signal));
  const servicesUrl = apiUrl('/calls/services', between);
  const services = useQuery(servicesUrl, (signal) => getJson<{ services: ServiceRow[] }>(servicesUrl, signal));
  const names = (services.data?.services ?? []).map((row) => row.service);
  return (
    <div class="page traces">
      <h1 class="unseen">Services</h1>
      <ServiceTable services={services} />
      <section class="results" aria-label="Edges" aria-busy={edges.loading}>
        <search>
          <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
            <TextField name="service" label="Client or server" placeholder="any" options={names} look="wide" />
            <TextField name="protocol" label="Protocol" placeholder="any" />
          </form>
        </search>
        {edges.error !== undefined ? <ErrorNotice error={edges.error} /> : <Edges rows={edges.data?.edges} />}
        {names.includes(service) && <ServiceCalls service={service} />}
      </section>
    </div>
  );
}

function Edges({ rows }: { rows: EdgeRow[] | undefined }) {
  const [selected, setSelected] = useState(-1);
  if (rows === undefined) return <div class="skeleton list" role="status" aria-label="Loading" />;
  if (rows.length === 0) {
    return <GetDataIn what="calls" filtered={param('service') !== '' || param('protocol') !== ''} />;
  }
  const sorted = sortEdges(rows, param('sort'));
  const count = `${formatCount(rows.length)} edge${rows.length === 1 ? '' : 's'}`;
  // With a service chosen its calls are below, so that its edges take the room they need, and no more than half.
  const fitted =
    param('service') === '' ? undefined : { flex: 'none', height: `${headHeight + sorted.length * rowHeight}px` };
  return (
    <div class="table-scroll" style={fitted}>
      <div class="wide-table">
        <EdgeHead summary={rows.length === limit ? `${count}, those with most trouble` : count} />
        <VirtualList
          class="edge-list"
          label="Edges"
          count={sorted.length}
          rowHeight={rowHeight}
          selected={selected}
          onSelect={setSelected}
          onOpen={(index) => open(callsOf(sorted[index]!) ?? linkTo('/flows', { q: sorted[index]!.server }))}
          rowKey={(index) => `${sorted[index]!.client} ${sorted[index]!.server} ${sorted[index]!.protocol}`}
          row={(index) => <EdgeListRow edge={sorted[index]!} />}
        />
      </div>
    </div>
  );
}
