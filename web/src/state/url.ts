/** The URL as the one place where the state of a view lives: path, filters, time range, selection. */
import { computed, signal } from '@preact/signals';

const current = signal(readUrl());

/** `/trace/4bf9…`. */
export const path = computed(() => current.value.pathname);
export const params = computed(() => current.value.searchParams);

window.addEventListener('popstate', () => {
  current.value = readUrl();
});

function readUrl(): URL {
  return new URL(window.location.href);
}

/** Parameters that mean the same on every page and so survive a change of page. */
const shared = ['range', 'from', 'to', 'f'];

/** The address of a page, with the time range and filters of this one, and `own` parameters; an empty one is left out. */
export function linkTo(pathname: string, own: Readonly<Record<string, string>> = {}): string {
  const next = new URLSearchParams();
  for (const name of shared) for (const value of params.value.getAll(name)) next.append(name, value);
  for (const [name, value] of Object.entries(own)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? pathname : `${pathname}?${text}`;
}

/** Opens an address of this page without loading it anew. */
export function open(address: string, how: 'push' | 'replace' = 'push'): void {
  const url = new URL(address, window.location.href);
  if (url.href === current.value.href) return;
  if (how === 'push') window.history.pushState(null, '', url);
  else window.history.replaceState(null, '', url);
  current.value = url;
}

/** Changes parameters of this page; an empty text takes one away. Selections `replace`, so that "back" leaves the page. */
export function setParams(
  changes: Readonly<Record<string, string | readonly string[]>>,
  how: 'push' | 'replace' = 'push',
): void {
  const next = new URL(current.value);
  for (const [name, value] of Object.entries(changes)) {
    next.searchParams.delete(name);
    for (const one of typeof value === 'string' ? [value] : value) if (one !== '') next.searchParams.append(name, one);
  }
  open(next.href, how);
}

/** A parameter of the URL, or `otherwise`. */
export function param(name: string, otherwise = ''): string {
  return params.value.get(name) ?? otherwise;
}
