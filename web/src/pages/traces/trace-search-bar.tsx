/** What to look for: service, operation, duration, status; each part lives in the URL. */
import { apiUrl, getJson } from '../../api/client.ts';
import type { OperationRow } from '../../api/types.ts';
import { parseDuration } from '../../format/duration.ts';
import { TextField } from '../../parts/text-field.tsx';
import { range } from '../../state/time-range.ts';
import { open, param, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';

export function TraceSearchBar({ services }: { services: readonly string[] }) {
  const service = param('service');
  const between = { start: range.value.fromMs, end: range.value.toMs };
  const operationsUrl = service === '' ? null : apiUrl(`/services/${encodeURIComponent(service)}/operations`, between);
  const operations = useQuery(operationsUrl, (signal) =>
    getJson<{ operations: OperationRow[] }>(operationsUrl!, signal),
  );
  const names = new Set((operations.data?.operations ?? []).map((row) => row.name));
  return (
    <search>
      <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
        <TextField name="service" label="Service" placeholder="any" options={services} />
        <TextField name="operation" label="Operation" placeholder="any" options={[...names]} />
        <DurationField name="min" label="At least" placeholder="100ms" />
        <DurationField name="max" label="At most" placeholder="5s" />
        <label>
          Status
          <select value={param('status')} onChange={(event) => setParams({ status: event.currentTarget.value })}>
            <option value="">any</option>
            <option value="error">error</option>
            <option value="ok">ok</option>
            <option value="unset">unset</option>
          </select>
        </label>
        <label>
          Trace id
          <input
            class="mono"
            placeholder="32 hex digits"
            pattern="\s*[0-9a-fA-F]{1,32}\s*"
            onKeyDown={(event) => {
              const id = event.currentTarget.value.trim();
              if (event.key === 'Enter' && /^[0-9a-fA-F]{1,32}$/.test(id)) open(`/trace/${id.toLowerCase()}`);
            }}
          />
        </label>
      </form>
    </search>
  );
}

function DurationField({ name, label, placeholder }: { name: string; label: string; placeholder: string }) {
  return (
    <TextField
      name={name}
      label={label}
      placeholder={placeholder}
      look="short"
      read={readDuration}
      wrong="Write a duration such as 100ms or 1.5s"
    />
  );
}

/** As the API takes it: a bare number is milliseconds. */
function readDuration(text: string): string | undefined {
  if (Number.isNaN(parseDuration(text))) return undefined;
  return /\d$/.test(text) ? `${text}ms` : text.replace(/\s/g, '');
}
