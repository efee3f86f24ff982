/** Times for people: relative at rest, absolute to the microsecond on hover. */

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** Milliseconds of a nanosecond time that came as text, because it does not fit a JavaScript number. */
export function nsTextToMs(ns: string): number {
  return Number(ns.slice(0, -6) || '0') + Number(ns.slice(-6)) / 1e6;
}

/** `2026-11-21 01:02:03.456789` in local time. */
export function formatAbsolute(ns: string): string {
  const ms = Math.floor(nsTextToMs(ns));
  const micros = ns.slice(-9, -3).padStart(6, '0');
  return `${formatDay(ms)} ${formatClock(ms)}.${micros}`;
}

export function formatDay(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** `01:02:03`. */
export function formatClock(ms: number): string {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** `01:02:03.456`, with the day in front when it is not today. */
export function formatLogTime(ns: string, nowMs: number): string {
  const ms = Math.floor(nsTextToMs(ns));
  const clock = `${formatClock(ms)}.${pad(((ms % 1000) + 1000) % 1000, 3)}`;
  return formatDay(ms) === formatDay(nowMs) ? clock : `${formatDay(ms).slice(5)} ${clock}`;
}

/** `12 s ago`, `3 min ago`, `in 5 s`. */
export function formatAgo(ms: number, nowMs: number): string {
  const seconds = Math.round((nowMs - ms) / 1000);
  const size = Math.abs(seconds);
  const text =
    size < 60
      ? `${size} s`
      : size < 3600
        ? `${Math.floor(size / 60)} min`
        : size < 172_800
          ? `${Math.floor(size / 3600)} h`
          : `${Math.floor(size / 86_400)} d`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** Seconds of an age such as `15m`, `1h` or `7d`; NaN when it is none. */
export function parseAge(text: string): number {
  const match = /^(\d{1,5})(s|m|h|d)$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86_400 }[match[2]! as 's']!;
}
