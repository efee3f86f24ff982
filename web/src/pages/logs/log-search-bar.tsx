/** What to look for in logs: service, severity, text, trace; each part lives in the URL. */
import { TextField } from '../../parts/text-field.tsx';
import { param, setParams } from '../../state/url.ts';

export function LogSearchBar() {
  return (
    <search>
      <form class="search-bar" onSubmit={(event) => event.preventDefault()}>
        <TextField name="service" label="Service" placeholder="any" />
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
        <TextField name="text" label="Message has" placeholder="text, whatever its case" look="wide" />
        <TextField name="trace" label="Trace id" placeholder="any" look="mono" />
        {param('span') !== '' && <TextField name="span" label="Span id" placeholder="any" look="mono" />}
      </form>
    </search>
  );
}
