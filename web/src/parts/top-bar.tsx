/** Names of the pages, filters and time range: the same on every page. */
import { helpOpen } from '../state/keys.ts';
import { linkTo, path } from '../state/url.ts';
import { FilterBar } from './filter-bar.tsx';
import { TimeRangeBar } from './time-range-bar.tsx';

const pages: readonly [string, string][] = [
  ['/traces', 'Traces'],
  ['/services', 'Services'],
  ['/flows', 'Flows'],
  ['/logs', 'Logs'],
  ['/metrics', 'Metrics'],
  ['/sql', 'SQL'],
  ['/health', 'Health'],
];

export function TopBar() {
  const at = path.value === '/' || path.value.startsWith('/trace/') ? '/traces' : path.value;
  const filterless = at.startsWith('/services');
  const timeless = at.startsWith('/sql') || at.startsWith('/health') || path.value.startsWith('/trace/');
  return (
    <header class="top-bar">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <a class="brand" href="/traces" aria-label="otelcol-deepflow">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 8h17M8 16h20M13 24h11" stroke="currentColor" stroke-width="4.5" stroke-linecap="round" />
        </svg>
        deepflow
      </a>
      <nav aria-label="Pages">
        {pages.map(([href, name]) => (
          <a key={href} href={linkTo(href)} aria-current={at.startsWith(href) ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {timeless || filterless ? <span class="spacer" /> : <FilterBar />}
      {!timeless && <TimeRangeBar />}
      <button
        type="button"
        class="quiet"
        aria-label="Keys"
        title="Keys (?)"
        onClick={() => {
          helpOpen.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}
