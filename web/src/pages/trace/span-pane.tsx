/** Everything about the selected span. */
import { apiUrl, getJson } from '../../api/client.ts';
import type { SpanDetail } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatAbsolute } from '../../format/time.ts';
import { Attributes } from '../../parts/attributes.tsx';
import { ErrorNotice } from '../../parts/notice.tsx';
import { ServiceName } from '../../parts/service-name.tsx';
import { linkTo, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';
import { around, type TraceTree } from './trace-tree.ts';
import { WireFacts } from './wire-facts.tsx';

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const statuses = ['unset', 'ok', 'error'];

export function SpanPane({ tree, at }: { tree: TraceTree; at: number }) {
  const { columns } = tree;
  const url = apiUrl(`/traces/${columns.traceId}/spans/${columns.spanId[at]!}`);
  const span = useQuery(url, (signal) => getJson<SpanDetail>(url, signal));
  const current = span.data?.spanId === columns.spanId[at] ? span.data : undefined;
  return (
    <aside class="pane" aria-label="Selected span" aria-busy={span.loading}>
      <button type="button" class="close" aria-label="Close" onClick={() => setParams({ span: '' }, 'replace')}>
        ×
      </button>
      <h2>{columns.strings[columns.name[at]!]}</h2>
      <dl class="facts">
        <dt>Service</dt>
        <dd>
          <ServiceName name={columns.strings[columns.service[at]!]!} />
        </dd>
        <dt>Duration</dt>
        <dd>{formatDuration(columns.durationNs[at]!)}</dd>
        <dt>Start</dt>
        <dd>{formatDuration(columns.offsetNs[at]!)} into the trace</dd>
        <dt>Kind</dt>
        <dd>{kinds[columns.kind[at]!] ?? columns.kind[at]}</dd>
        <dt>Status</dt>
        <dd class={columns.status[at] === 2 ? 'bad' : ''}>
          {columns.status[at] === 2 && '⚠ '}
          {statuses[columns.status[at]!] ?? columns.status[at]}
          {current !== undefined && current.statusMessage !== '' && `: ${current.statusMessage}`}
        </dd>
        <dt>Span id</dt>
        <dd>
          <code>{columns.spanId[at]}</code>{' '}
          <a href={linkTo('/logs', { trace: columns.traceId, span: columns.spanId[at]!, ...around(tree) })}>its logs</a>
        </dd>
      </dl>
      {span.error !== undefined && <ErrorNotice error={span.error} />}
      {current === undefined && span.error === undefined && <div class="skeleton list" />}
      {current !== undefined && <WireFacts attributes={current.attributes} {...around(tree)} />}
      {current !== undefined && <Detail span={current} />}
    </aside>
  );
}

function Detail({ span }: { span: SpanDetail }) {
  const dropped = [
    [span.droppedAttributes, 'attributes'],
    [span.droppedEvents, 'events'],
    [span.droppedLinks, 'links'],
  ].filter(([count]) => (count as number) > 0);
  return (
    <>
      <Attributes title="Attributes" of={span.attributes} />
      {span.events.map((event, at) => (
        <section key={`${event.timeNs} ${at}`} class="event">
          <h3>
            {event.name === 'exception' && <span class="bad">⚠ </span>}
            {event.name}{' '}
            <small title={formatAbsolute(event.timeNs)}>
              at {formatDuration(Number(BigInt(event.timeNs) - BigInt(span.startNs)))}
            </small>
          </h3>
          <Attributes title="of the event" of={event.attributes} filterable={false} />
        </section>
      ))}
      {span.links.map((link, at) => (
        <section key={`${link.spanId} ${at}`} class="event">
          <h3>Link</h3>
          <p>
            <a href={linkTo(`/trace/${link.traceId}`, { span: link.spanId })}>
              <code>{link.traceId.slice(0, 16)}…</code>
            </a>
          </p>
          <Attributes title="of the link" of={link.attributes} filterable={false} />
        </section>
      ))}
      <Attributes title="Resource" of={span.resource} />
      <Attributes title="Scope" of={[...scopeOf(span), ...span.scopeAttributes]} filterable={false} />
      {dropped.length > 0 && (
        <p class="missing">The SDK dropped {dropped.map(([count, what]) => `${count} ${what}`).join(', ')}.</p>
      )}
    </>
  );
}

function scopeOf(span: SpanDetail): { key: string; type: 'string'; value: string }[] {
  const facts: [string, string][] = [
    ['name', span.scopeName],
    ['version', span.scopeVersion],
    ['trace state', span.traceState],
  ];
  return facts.filter(([, value]) => value !== '').map(([key, value]) => ({ key, type: 'string', value }));
}
