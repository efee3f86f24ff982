/** What to look for: service, operation, duration, status; each part lives in the URL. */
import { apiUrl, getJson } from '../../api/client.ts';
import type { OperationRow } from '../../api/types.ts';
import { parseDuration } from '../../format/duration.ts';
import { range } from '../../state/time-range.ts';
import { open, param, setParams } from '../../state/url.ts';
import { useQuery } from '../../state/use-query.ts';

export function TraceSearchBar({ services }: { services: readonly string[] }) {
  const between = { start: range.value.fromMs, end: range.value.toMs };
  const service = param('service');
  const operationsUrl = service === '' ? null : apiUrl(`/services/${encodeURIComponent(service)}/operations`, between);
  const operations = useQuery(operationsUrl, (signal) =>
    getJson<{ operations: OperationRow[] }>(operationsUrl!, signal),
  );
  return (
    <search>
      <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
        <TextField name="service" label="Service" options={services} />
        <TextField
          name="operation"
          label="Operation"
          options={[...new Set((operations.data?.operations ?? []).map((row) => row.name))]}
        />
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

function TextField({ name, label, options }: { name: string; label: string; options: readonly string[] }) {
  return (
    <label>
      {label}
      <input
        list={`${name}-options`}
        value={param(name)}
        placeholder="any"
        onChange={(event) => setParams({ [name]: event.currentTarget.value.trim() })}
      />
      <datalist id={`${name}-options`}>
        {options.map((option) => (
          <option key={option} value={option} />
        ))}
      </datalist>
    </label>
  );
}

function DurationField({ name, label, placeholder }: { name: string; label: string; placeholder: string }) {
  return (
    <label>
      {label}
      <input
        class="short"
        value={param(name)}
        placeholder={placeholder}
        onChange={(event) => {
          const field = event.currentTarget;
          const text = field.value.trim();
          const ns = parseDuration(text);
          const wrong = text !== '' && Number.isNaN(ns);
          field.setCustomValidity(wrong ? 'Write a duration such as 100ms or 1.5s' : '');
          field.reportValidity();
          if (!wrong)
            setParams({ [name]: text === '' ? '' : /\d$/.test(text) ? `${text}ms` : text.replace(/\s/g, '') });
        }}
      />
    </label>
  );
}
