/** Numbers for people: counts, rates, bytes, shares, and values with a UCUM unit as metrics carry it. */
import { formatDuration, threeDigits } from './duration.ts';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `12,345`. */
export function formatCount(value: number): string {
  return grouped.format(value);
}

/** `12.3 k`, `4.56 M`: where the exact figure would only be noise. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return '–';
  if (size >= 1e12) return value.toExponential(2);
  if (size >= 1e9) return `${threeDigits(value / 1e9)} G`;
  if (size >= 1e6) return `${threeDigits(value / 1e6)} M`;
  if (size >= 1e4) return `${threeDigits(value / 1e3)} k`;
  if (Number.isInteger(value)) return grouped.format(value);
  if (size >= 0.01 || size === 0) return String(Number(threeDigits(value)));
  return value.toPrecision(2);
}

/** `3.1 MiB`. */
export function formatBytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (Math.abs(value) >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${at === 0 ? Math.round(value) : threeDigits(value)} ${units[at]}`;
}

/** `12.3 /s`, `4.2 /min` for what happens less than once in ten seconds. */
export function formatRate(perSecond: number): string {
  if (perSecond !== 0 && Math.abs(perSecond) < 0.1) return `${formatShort(perSecond * 60)} /min`;
  return `${formatShort(perSecond)} /s`;
}

/** `0.3 %` of a part and its whole; never `0 %` for something that did happen. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  if (part === 0) return '0 %';
  const percent = (part / whole) * 100;
  return percent < 0.01
    ? '< 0.01 %'
    : `${percent >= 10 ? percent.toFixed(0) : percent.toFixed(percent >= 1 ? 1 : 2)} %`;
}

const durationUnits: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12 };

/** A metric value with its UCUM unit; `perSecond` for rates. */
export function formatValue(value: number | null | undefined, unit: string, perSecond = false): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const per = perSecond ? '/s' : '';
  const ns = durationUnits[unit];
  if (ns !== undefined) return perSecond ? `${formatDuration(value * ns)} ${per}` : formatDuration(value * ns);
  if (unit === 'By') return `${formatBytes(value)}${per}`;
  if (unit === 'KiBy' || unit === 'MiBy') return `${formatBytes(value * (unit === 'KiBy' ? 1024 : 1024 ** 2))}${per}`;
  if (unit === '%') return `${formatShort(value)} %`;
  // `{requests}` is an annotation: what is counted, not a unit to convert.
  const counted = /^\{(.*)\}$/.exec(unit)?.[1];
  const name = counted === undefined ? (unit === '1' ? '' : unit) : plural(counted, value);
  return [formatShort(value), `${name}${per}`].filter((part) => part !== '').join(' ');
}

/** `{packet}` and `{packets}` are both in use. */
function plural(word: string, count: number): string {
  return count === 1 || !/[a-z]$/.test(word) || word.endsWith('s') ? word : word.replace(/y$/, 'ie').concat('s');
}
