/** Everything about the selected log record. */
import type { LogRow } from '../../api/types.ts';
import { formatAbsolute } from '../../format/time.ts';
import { Attributes } from '../../parts/attributes.tsx';
import { ServiceName } from '../../parts/service-name.tsx';
import { linkTo } from '../../state/url.ts';
import { severityName, severitySigns } from './severity.ts';

export function LogPane({ log, onClose }: { log: LogRow; onClose: () => void }) {
  const severity = severityName(log.severity);
  return (
    <aside class="pane" aria-label="Selected record">
      <button type="button" class="close" aria-label="Close" onClick={onClose}>
        ×
      </button>
      <h2 class={`severity-${severity}`}>
        <span class="severity">
          {severitySigns[severity]} {severity === 'unknown' ? 'no severity' : severity}
        </span>
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre class="long" tabIndex={0}>
        {log.body}
      </pre>
      <dl class="facts">
        <dt>Time</dt>
        <dd>{formatAbsolute(log.timeNs)}</dd>
        <dt>Service</dt>
        <dd>
          <ServiceName name={log.service} />
        </dd>
        {log.severityText !== '' && <dt>Severity text</dt>}
        {log.severityText !== '' && <dd>{log.severityText}</dd>}
        {log.eventName !== '' && <dt>Event</dt>}
        {log.eventName !== '' && <dd>{log.eventName}</dd>}
        {log.traceId !== '' && <dt>Trace</dt>}
        {log.traceId !== '' && (
          <dd>
            <a href={linkTo(`/trace/${log.traceId}`, { span: log.spanId })}>
              <code>{log.traceId}</code>
            </a>
          </dd>
        )}
      </dl>
      <Attributes title="Attributes" of={log.attributes} />
      <Attributes title="Resource" of={log.resource} />
      {log.scopeName !== '' && (
        <Attributes title="Scope" of={[{ key: 'name', type: 'string', value: log.scopeName }]} filterable={false} />
      )}
    </aside>
  );
}
