/** A value that filters when clicked, and is left out when clicked with alt. */
import { addFilter } from '../state/filters.ts';

export function Value({ of, value }: { of: string; value: string }) {
  return (
    <button
      type="button"
      class="value"
      title={`Click: only ${of} = ${value}\nAlt-click: leave it out`}
      onClick={(event) => {
        event.stopPropagation();
        addFilter({ key: of, value, exclude: event.altKey });
      }}
    >
      {value === '' ? '(empty)' : value}
    </button>
  );
}
