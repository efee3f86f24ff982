/** Chooses the time range of all pages: the last so-much, from–to, or what was dragged in a chart. */
import { useEffect } from 'preact/hooks';
import { formatClock, formatDay } from '../format/time.ts';
import { age, presets, range, refresh, showBetween, showLast } from '../state/time-range.ts';
import { param, setParams } from '../state/url.ts';

const liveEveryMs = 5000;

export function TimeRangeBar() {
  const live = param('live') === '1' && age.value !== '';
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(refresh, liveEveryMs);
    return () => clearInterval(timer);
  }, [live]);
  return (
    <div class="time-range">
      <select
        aria-label="Time range"
        value={age.value === '' ? 'custom' : age.value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {presets.map((preset) => (
          <option key={preset} value={preset}>
            last {preset}
          </option>
        ))}
        {age.value !== '' && !(presets as readonly string[]).includes(age.value) && (
          <option value={age.value}>last {age.value}</option>
        )}
        <option value="custom">from – to</option>
      </select>
      {age.value === '' ? <Between /> : null}
      <button type="button" title="Ask again (the same range, until now)" onClick={refresh}>
        Refresh
      </button>
      {age.value !== '' && (
        <label class="check" title={`Ask again every ${liveEveryMs / 1000} s`}>
          <input
            type="checkbox"
            checked={live}
            onChange={(event) => setParams({ live: event.currentTarget.checked ? '1' : '' }, 'replace')}
          />
          live
        </label>
      )}
    </div>
  );
}

function choose(value: string): void {
  if (value === 'custom') showBetween(range.value.fromMs, range.value.toMs);
  else showLast(value);
}

function Between() {
  const { fromMs, toMs } = range.value;
  return (
    <>
      <input
        type="datetime-local"
        step="1"
        aria-label="From"
        value={toField(fromMs)}
        onChange={(event) => showBetween(new Date(event.currentTarget.value).getTime(), toMs)}
      />
      <input
        type="datetime-local"
        step="1"
        aria-label="To"
        value={toField(toMs)}
        onChange={(event) => showBetween(fromMs, new Date(event.currentTarget.value).getTime())}
      />
    </>
  );
}

function toField(ms: number): string {
  return `${formatDay(ms)}T${formatClock(ms)}`;
}
