/** One line of the list of traces, and the line above the list. */
import type { TraceRow } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatCount } from '../../format/number.ts';
import { formatAbsolute, formatAgo, nsTextToMs } from '../../format/time.ts';
import { serviceColor } from '../../parts/service-color.ts';
import { ServiceName } from '../../parts/service-name.tsx';
import { refreshedAt } from '../../state/time-range.ts';
import { linkTo } from '../../state/url.ts';

export function TraceListHead({ summary }: { summary: string }) {
  return (
    <div class="list-head trace-columns">
      <span>{summary}</span>
      <span>operation</span>
      <span>duration</span>
      <span class="number">spans</span>
      <span>errors</span>
      <span>services</span>
    </div>
  );
}

export function TraceListRow({ trace, longestNs }: { trace: TraceRow; longestNs: number }) {
  return (
    <div class="trace-columns">
      <time title={formatAbsolute(trace.startNs)}>{formatAgo(nsTextToMs(trace.startNs), refreshedAt.value)}</time>
      <span class="operation">
        <ServiceName name={trace.rootService} />
        <a href={linkTo(`/trace/${trace.traceId}`)} tabIndex={-1} title={trace.traceId}>
          {trace.rootName === '' ? '(no name)' : trace.rootName}
        </a>
        {!trace.hasRoot && <em title="The first span of this trace is not in the store (yet)">no root</em>}
      </span>
      <span class="duration">
        <i
          style={{
            width: `${Math.max(0.5, (trace.durationNs / (longestNs || 1)) * 100)}%`,
            background: serviceColor(trace.rootService),
          }}
        />
        <b>{formatDuration(trace.durationNs)}</b>
      </span>
      <span class="number">{formatCount(trace.spans)}</span>
      <span>{trace.errors > 0 && <span class="bad">⚠ {formatCount(trace.errors)}</span>}</span>
      <span class="service-dots" title={trace.services.join(', ')}>
        {trace.services.slice(0, 8).map((service) => (
          <i key={service} style={{ background: serviceColor(service) }} />
        ))}
        {trace.services.length}
      </span>
    </div>
  );
}
