/** What every query module is given, and how it reads what a caller asked for. */
import { QueryError } from './errors.ts';
import type { Store } from './store/store.ts';
import { parseDurationNs } from './traceql/lexer.ts';

export interface QueryRequest {
  store: Store;
  /** Parameters of the URL; a parameter may be given several times. */
  query: URLSearchParams;
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
}

/** Nanoseconds since 1970. `from` is included, `to` is not. */
export interface TimeRange {
  fromNs: bigint;
  toNs: bigint;
}

const nsPerUnit = { s: 1_000_000_000n, ms: 1_000_000n, us: 1000n } as const;

/**
 * Reads two parameters as times. Units: `s` seconds (Tempo), `us` microseconds (Jaeger), `ms` milliseconds (the page);
 * fractions are allowed. A missing end is now, a missing start is `defaultMs` before the end.
 */
export function readTimeRange(
  query: URLSearchParams,
  unit: keyof typeof nsPerUnit,
  nowMs: number,
  defaultMs: number,
): TimeRange {
  const toNs = readTime(query, 'end', unit) ?? BigInt(Math.ceil(nowMs)) * 1_000_000n;
  const fromNs = readTime(query, 'start', unit) ?? toNs - BigInt(defaultMs) * 1_000_000n;
  if (fromNs >= toNs) throw new QueryError('BAD_REQUEST', 'start must be before end');
  return { fromNs, toNs };
}

function readTime(query: URLSearchParams, name: string, unit: keyof typeof nsPerUnit): bigint | undefined {
  const text = query.get(name);
  if (text === null || text === '' || text === '0') return undefined;
  const match = /^(\d{1,16})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) throw new QueryError('BAD_REQUEST', `${name} must be a number (Unix time in ${unit})`);
  const scale = nsPerUnit[unit];
  const fraction = (BigInt((match[2] ?? '').padEnd(9, '0')) * scale) / 1_000_000_000n;
  return BigInt(match[1]!) * scale + fraction;
}

/** A whole number between 1 and `max`; a larger one is taken as `max`. */
export function readLimit(query: URLSearchParams, name: string, otherwise: number, max: number): number {
  const text = query.get(name);
  if (text === null || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new QueryError('BAD_REQUEST', `${name} must be a whole number of 1 or more`);
  }
  return Math.min(value, max);
}

/** Nanoseconds of a duration parameter such as `100ms`. */
export function readDurationNs(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = parseDurationNs(text);
  if (Number.isNaN(value)) throw new QueryError('BAD_REQUEST', `${name} must be a duration such as 100ms or 1.5s`);
  return value;
}
