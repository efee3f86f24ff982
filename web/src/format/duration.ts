/** Durations for people: three digits and the unit that fits, `1.24 ms`. */

const steps: readonly [ns: number, unit: string][] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
];

/** Text of a duration in nanoseconds. */
export function formatDuration(ns: number): string {
  if (!Number.isFinite(ns)) return '–';
  if (ns === 0) return '0 ns';
  const size = Math.abs(ns);
  if (size >= 120e9) return formatLong(ns / 1e9);
  for (const [step, unit] of steps) {
    if (size >= step) return `${threeDigits(ns / step)} ${unit}`;
  }
  return `${Math.round(ns)} ns`;
}

function formatLong(seconds: number): string {
  const total = Math.round(seconds);
  if (total < 7200) return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, '0')} s`;
  if (total < 172_800)
    return `${Math.floor(total / 3600)} h ${String(Math.floor((total % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(total / 86_400)} d ${Math.floor((total % 86_400) / 3600)} h`;
}

/** `1.24`, `12.4`, `124`. */
export function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** Nanoseconds of what somebody typed: `100ms`, `1.5 s`; a bare number counts as milliseconds. NaN when it is neither. */
export function parseDuration(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|h)?\s*$/.exec(text);
  if (match === null) return Number.NaN;
  const units: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
  return Number(match[1]) * units[match[2] ?? 'ms']!;
}
