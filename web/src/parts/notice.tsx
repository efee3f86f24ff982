/** What stands where data would: an error with what to do, or an empty page with how to get data in. */
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/client.ts';
import { refresh } from '../state/time-range.ts';

export function Notice({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <section class="notice">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

const titles: Readonly<Record<string, string>> = {
  STORE_UNAVAILABLE: 'The store does not answer',
  STORE_EMPTY: 'Nothing is stored yet',
  COLLECTOR_UNREACHABLE: 'The collector does not answer',
  QUERY_TOO_EXPENSIVE: 'That was too much to ask',
  NOT_FOUND: 'Not found',
  CANCELLED: 'Cancelled',
};

/** `retry` defaults to asking for the whole page's data again. */
export function ErrorNotice({ error, retry = refresh }: { error: ApiError; retry?: () => void }) {
  return (
    <section class="notice error" role="alert">
      <h2>
        <span aria-hidden="true">⚠ </span>
        {titles[error.code] ?? 'The query failed'}
      </h2>
      <p>{error.message}</p>
      <p>
        <button type="button" onClick={retry}>
          Try again
        </button>{' '}
        {error.status >= 500 || error.status === 0 ? <a href="/health">Look at the health of the pipelines</a> : null}
      </p>
    </section>
  );
}
