/** The head of a column by which a list can be sorted, the greatest first; the choice lives in the URL. */
import { param, setParams } from '../state/url.ts';

export function SortButton({ by, label = by, title }: { by: string; label?: string; title?: string }) {
  const chosen = param('sort') === by;
  return (
    <span class="number">
      <button
        type="button"
        class="plain"
        aria-pressed={chosen}
        title={[title, `Click: sort by ${label}`].filter(Boolean).join('\n')}
        onClick={() => setParams({ sort: chosen ? '' : by })}
      >
        {label}
        {chosen && ' ↓'}
      </button>
    </span>
  );
}
