/** Durations in YAML: `200ms`, `5s`, `1m30s`; inside the program they are milliseconds. */
import { z } from 'zod';

const unitsMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a Go duration text, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const negative = text.startsWith('-');
  let at = negative || text.startsWith('+') ? 1 : 0;
  if (text.slice(at) === '0') return 0;
  if (at === text.length) return undefined;
  let sumMs = 0;
  while (at < text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (!match) return undefined;
    sumMs += Number(match[1]) * unitsMs[match[2]!]!;
    at = part.lastIndex;
  }
  return negative ? -sumMs : sumMs;
}

/** `1m30s` of 90000: the shortest exact text of whole milliseconds. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  if (durationMs < 1000) return `${durationMs}ms`;
  const hours = Math.floor(durationMs / 3_600_000);
  const minutes = Math.floor((durationMs % 3_600_000) / 60_000);
  const seconds = (durationMs % 60_000) / 1000;
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes}m` : ''}${seconds ? `${seconds}s` : ''}`;
}

const anyDuration = z.union([z.string(), z.number()]).transform((value, context) => {
  const durationMs = typeof value === 'string' ? parseDuration(value.trim()) : value === 0 ? 0 : undefined;
  if (durationMs === undefined) {
    context.issues.push({
      code: 'custom',
      input: value,
      message: `"${value}" is not a duration; write a number with a unit, such as 200ms, 5s or 1m30s`,
    });
    return z.NEVER;
  }
  if (durationMs < 0) {
    context.issues.push({ code: 'custom', input: value, message: `"${value}" is negative; a duration is 0s or more` });
    return z.NEVER;
  }
  return durationMs;
});

/** A duration option; the output is milliseconds. `duration('5s')` has that default, `duration()` none. */
export function duration(): typeof anyDuration;
export function duration(defaultText: string): z.ZodPrefault<typeof anyDuration>;
export function duration(defaultText?: string): typeof anyDuration | z.ZodPrefault<typeof anyDuration> {
  return defaultText === undefined ? anyDuration : anyDuration.prefault(defaultText);
}
