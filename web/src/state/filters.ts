/** Filters on attributes, the same on every page: `f=key=value` keeps, `f=-key=value` leaves out. */
import { computed } from '@preact/signals';
import { linkTo, open, params, path, setParams } from './url.ts';

export interface Filter {
  key: string;
  value: string;
  exclude: boolean;
}

export const filters = computed((): Filter[] => params.value.getAll('f').flatMap((text) => parseFilter(text) ?? []));

/** Reads `key=value`, `-key=value` and `key!=value`; undefined when there is no `=`. */
export function parseFilter(text: string): Filter | undefined {
  const match = /^(-?)([^=!]+)(!?)=(.*)$/s.exec(text.trim());
  if (match === null) return undefined;
  return { key: match[2]!.trim(), value: match[4]!.trim(), exclude: match[1] === '-' || match[3] === '!' };
}

export function filterText(filter: Filter): string {
  return `${filter.exclude ? '-' : ''}${filter.key}=${filter.value}`;
}

export function addFilter(filter: Filter): void {
  const kept = filters.value.filter((other) => other.key !== filter.key || other.value !== filter.value);
  setFilters([...kept, filter]);
}

export function removeFilter(filter: Filter): void {
  setFilters(filters.value.filter((other) => filterText(other) !== filterText(filter)));
}

export function setFilters(next: readonly Filter[]): void {
  // A trace is shown whole; a value clicked in it leads to the traces that have it.
  if (path.value.startsWith('/trace/')) open(linkTo('/traces'));
  setParams({ f: next.map(filterText) });
}
