/** One line of the list of log records. */
import type { LogRow } from '../../api/types.ts';
import { formatAbsolute, formatLogTime } from '../../format/time.ts';
import { ServiceName } from '../../parts/service-name.tsx';
import { refreshedAt } from '../../state/time-range.ts';
import { linkTo } from '../../state/url.ts';
import { severityName, severitySigns } from './severity.ts';

export function LogListRow({ log }: { log: LogRow }) {
  const severity = severityName(log.severity);
  return (
    <div class="log-columns">
      <time title={formatAbsolute(log.timeNs)}>{formatLogTime(log.timeNs, refreshedAt.value)}</time>
      <span class="severity" title={`${log.severityText} (${log.severity})`}>
        {severitySigns[severity]} {severity === 'unknown' ? log.severityText || '–' : severity}
      </span>
      <ServiceName name={log.service} />
      <span class="body">{log.body === '' ? eventSummary(log) : log.body.split('\n', 1)[0]}</span>
      <span>
        {log.traceId !== '' && (
          <a
            href={linkTo(`/trace/${log.traceId}`, { span: log.spanId })}
            tabIndex={-1}
            aria-label="Open the trace"
            title={log.traceId}
          >
            trace ↗
          </a>
        )}
      </span>
    </div>
  );
}

/** What an event without a text says: its name, and its attributes by the last word of their names. */
function eventSummary({ eventName, attributes }: LogRow): string {
  return [eventName, ...attributes.map(({ key, value }) => `${key.slice(key.lastIndexOf('.') + 1)}=${value}`)].join(
    ' ',
  );
}
