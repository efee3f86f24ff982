/** The filters in force, each with a way to drop it, and a field to add one. */
import { addFilter, type Filter, filters, filterText, parseFilter, removeFilter } from '../state/filters.ts';

export function FilterBar() {
  return (
    <div class="filter-bar">
      <ul aria-label="Filters">
        {filters.value.map((filter) => (
          <Chip key={filterText(filter)} filter={filter} />
        ))}
      </ul>
      <input
        class="add-filter"
        placeholder="Filter: key=value, or -key=value to leave out"
        aria-label="Add a filter: key=value"
        data-search
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          const filter = parseFilter(event.currentTarget.value);
          event.currentTarget.setCustomValidity(filter === undefined ? 'Write key=value' : '');
          event.currentTarget.reportValidity();
          if (filter === undefined) return;
          addFilter(filter);
          event.currentTarget.value = '';
        }}
        onInput={(event) => event.currentTarget.setCustomValidity('')}
      />
    </div>
  );
}

function Chip({ filter }: { filter: Filter }) {
  const text = `${filter.key} ${filter.exclude ? '≠' : '='} ${filter.value}`;
  return (
    <li class={filter.exclude ? 'chip exclude' : 'chip'}>
      <span title={text}>{text}</span>
      <button type="button" aria-label={`Remove the filter ${text}`} onClick={() => removeFilter(filter)}>
        ×
      </button>
    </li>
  );
}
