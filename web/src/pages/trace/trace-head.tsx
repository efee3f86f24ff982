/** What the trace is: its root, when, how long, who took part. */
import { formatDuration } from '../../format/duration.ts';
import { formatCount } from '../../format/number.ts';
import { formatAbsolute, formatAgo, nsTextToMs } from '../../format/time.ts';
import { ServiceName } from '../../parts/service-name.tsx';
import { refreshedAt } from '../../state/time-range.ts';
import { linkTo } from '../../state/url.ts';
import { around, type TraceTree } from './trace-tree.ts';

const shownServices = 10;

export function TraceHead({ tree }: { tree: TraceTree }) {
  const { columns } = tree;
  const root = tree.order[0] ?? -1;
  const rootName = root < 0 ? 'Empty trace' : columns.strings[columns.name[root]!]!;
  return (
    <header class="trace-head">
      <h1>
        {root >= 0 && <ServiceName name={columns.strings[columns.service[root]!]!} />} {rootName}
      </h1>
      <p>
        <b>{formatDuration(tree.durationNs)}</b>
        <span>
          {formatCount(columns.spanId.length)} span{columns.spanId.length === 1 ? '' : 's'}
          {columns.truncated && ' (cut off)'}
        </span>
        {tree.errors > 0 && (
          <span class="bad">
            ⚠ {formatCount(tree.errors)} error{tree.errors === 1 ? '' : 's'}
          </span>
        )}
        <time title={formatAbsolute(columns.startNs)}>{formatAgo(nsTextToMs(columns.startNs), refreshedAt.value)}</time>
        <code title="Trace id">{columns.traceId}</code>
        <a href={linkTo('/logs', { trace: columns.traceId, ...around(tree) })}>Logs of this trace</a>
        <a href={`/api/v1/traces/${columns.traceId}?format=otlp`} download={`${columns.traceId}.json`}>
          Download (OTLP JSON)
        </a>
      </p>
      <ul class="legend" aria-label="Services">
        {tree.services.slice(0, shownServices).map((service) => (
          <li key={service.name}>
            <ServiceName name={service.name} /> <small>{formatCount(service.spans)}</small>
            {service.errors > 0 && <small class="bad"> ⚠ {formatCount(service.errors)}</small>}
          </li>
        ))}
        {tree.services.length > shownServices && <li>and {tree.services.length - shownServices} more</li>}
      </ul>
    </header>
  );
}
