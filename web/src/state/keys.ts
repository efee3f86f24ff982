/** Keys that work on every page: `/` search, `?` help, `esc` back, `g` + letter to a page. */
import { signal } from '@preact/signals';
import { linkTo, open } from './url.ts';

export const helpOpen = signal(false);

/** What `esc` does on this page; the last one registered goes first. True when it did something. */
const backStack: (() => boolean)[] = [];

/** Returns a function that takes the handler away again. */
export function onEscape(handler: () => boolean): () => void {
  backStack.push(handler);
  return () => {
    backStack.splice(backStack.indexOf(handler), 1);
  };
}

const pages: Readonly<Record<string, string>> = {
  t: '/traces',
  e: '/services',
  f: '/flows',
  l: '/logs',
  m: '/metrics',
  s: '/sql',
  h: '/health',
};
let goPressedAt = 0;

export function listenToKeys(): void {
  document.addEventListener('keydown', onKey);
  document.addEventListener('click', onClick);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
  if (event.key === 'Escape') {
    if (helpOpen.value) helpOpen.value = false;
    else if (field) (event.target as HTMLElement).blur();
    else for (const handler of [...backStack].reverse()) if (handler()) break;
    return;
  }
  if (field) return;
  if (event.key === '?') {
    helpOpen.value = !helpOpen.value;
  } else if (event.key === '/') {
    const search = document.querySelector<HTMLElement>('[data-search]');
    if (search === null) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === 'g') {
    goPressedAt = event.timeStamp;
  } else if (pages[event.key] !== undefined && event.timeStamp - goPressedAt < 1000) {
    goPressedAt = 0;
    open(linkTo(pages[event.key]!));
  }
}

/** Links within the page change the view without loading it anew. */
function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = (event.target as Element).closest?.('a');
  if (link?.target !== '' || link.hasAttribute('download') || link.origin !== window.location.origin) return;
  if (link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  open(link.href);
}
