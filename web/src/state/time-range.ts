/** The time range every page looks at: the last so-much, or from one moment to another. */
import { computed, signal } from '@preact/signals';
import { parseAge } from '../format/time.ts';
import { param, setParams } from './url.ts';

export const presets = ['15m', '1h', '3h', '12h', '1d', '3d', '7d', '30d'] as const;
const preset = '1h';

/** When the page last asked anew; "the last hour" is the hour before this. */
export const refreshedAt = signal(Date.now());

export interface TimeRange {
  fromMs: number;
  toMs: number;
}

/** `1h`, or empty when the range is absolute. */
export const age = computed(() => {
  if (param('from') !== '' && param('to') !== '') return '';
  const text = param('range', preset);
  return Number.isNaN(parseAge(text)) ? preset : text;
});

export const range = computed((): TimeRange => {
  if (age.value === '') {
    const fromMs = Number(param('from'));
    const toMs = Number(param('to'));
    if (fromMs < toMs) return { fromMs, toMs };
  }
  const toMs = refreshedAt.value;
  return { fromMs: toMs - parseAge(age.value === '' ? preset : age.value) * 1000, toMs };
});

export function refresh(): void {
  refreshedAt.value = Date.now();
}

export function showLast(text: string): void {
  refreshedAt.value = Date.now();
  setParams({ range: text === preset ? '' : text, from: '', to: '' });
}

export function showBetween(fromMs: number, toMs: number): void {
  if (fromMs < toMs) setParams({ range: '', from: String(Math.floor(fromMs)), to: String(Math.ceil(toMs)) });
}
