/** What to look for in logs: service, severity, text, trace; each part lives in the URL. */
import { param, setParams } from '../../state/url.ts';

export function LogSearchBar() {
  return (
    <search>
      <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
        <Field name="service" label="Service" placeholder="any" />
        <label>
          Severity
          <select value={param('severity')} onChange={(event) => setParams({ severity: event.currentTarget.value })}>
            <option value="">any</option>
            <option value="debug">debug and worse</option>
            <option value="info">info and worse</option>
            <option value="warn">warn and worse</option>
            <option value="error">error and worse</option>
            <option value="fatal">fatal</option>
          </select>
        </label>
        <Field name="text" label="Message has" placeholder="text, whatever its case" wide />
        <Field name="trace" label="Trace id" placeholder="any" mono />
        {param('span') !== '' && <Field name="span" label="Span id" placeholder="any" mono />}
      </form>
    </search>
  );
}

interface FieldProps {
  name: string;
  label: string;
  placeholder: string;
  wide?: boolean;
  mono?: boolean;
}

function Field({ name, label, placeholder, wide, mono }: FieldProps) {
  return (
    <label class={wide ? 'wide' : ''}>
      {label}
      <input
        class={mono ? 'mono' : ''}
        value={param(name)}
        placeholder={placeholder}
        onChange={(event) => setParams({ [name]: event.currentTarget.value.trim() })}
      />
    </label>
  );
}
