/** Services by trouble: rate, errors and duration; a click shows the traces of one. */
import type { ServiceRow } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatCount, formatRate, formatShare } from '../../format/number.ts';
import { ServiceName } from '../../parts/service-name.tsx';
import { param, setParams } from '../../state/url.ts';
import type { Loading } from '../../state/use-query.ts';

export function ServiceTable({ services }: { services: Loading<{ services: ServiceRow[] }> }) {
  const rows = services.data?.services;
  return (
    <aside class="services" aria-label="Services">
      <table>
        <thead>
          <tr>
            <th scope="col">service</th>
            <th
              scope="col"
              class="number"
              title="Requests per second, since the first that is stored of this time range: server and consumer spans, and roots"
            >
              rate
            </th>
            <th scope="col" class="number">
              errors
            </th>
            <th scope="col" class="number">
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {rows?.map((row) => (
            <Row key={row.service} row={row} />
          ))}
        </tbody>
      </table>
      {rows === undefined && services.error === undefined && <div class="skeleton list" />}
      {rows?.length === 0 && <p class="missing">no service has spans in this time range</p>}
    </aside>
  );
}

function Row({ row }: { row: ServiceRow }) {
  const chosen = param('service') === row.service;
  const sample = `of ${formatCount(row.requests)} requests`;
  return (
    <tr class={chosen ? 'chosen' : ''}>
      <th scope="row">
        <button
          type="button"
          class="plain"
          aria-pressed={chosen}
          title={`Show only ${row.service}`}
          onClick={() => setParams({ service: chosen ? '' : row.service, operation: '' })}
        >
          <ServiceName name={row.service} />
        </button>
      </th>
      <td class="number">{formatRate(row.perSecond)}</td>
      <td class="number" title={`${formatCount(row.errors)} ${sample}`}>
        {row.errors > 0 ? <span class="bad">⚠ {formatShare(row.errors, row.requests)}</span> : '0 %'}
      </td>
      <td class="number" title={`p50 ${formatDuration(row.p50Ns)}, p99 ${formatDuration(row.p99Ns)} ${sample}`}>
        {formatDuration(row.p99Ns)}
      </td>
    </tr>
  );
}
