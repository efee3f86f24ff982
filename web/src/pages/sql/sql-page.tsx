/** SQL: what ClickHouse understands, run by a key, cancelled by a click, answered as a table. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, postSql } from '../../api/client.ts';
import type { SqlAnswer } from '../../api/types.ts';
import { ErrorNotice, Notice } from '../../parts/notice.tsx';
import { param, setParams } from '../../state/url.ts';
import { asApiError } from '../../state/use-query.ts';
import { ResultTable } from './result-table.tsx';
import { SchemaList } from './schema-list.tsx';

const example = `SELECT service_name, count() AS spans, round(quantile(0.99)(duration_ns) / 1e6, 1) AS p99_ms
FROM otel.spans
WHERE start_time > now() - INTERVAL 1 HOUR
GROUP BY service_name
ORDER BY spans DESC
LIMIT 100`;

type State =
  | { kind: 'idle' }
  | { kind: 'running'; startedAt: number }
  | { kind: 'done'; answer: SqlAnswer }
  | { kind: 'failed'; error: ApiError }
  | { kind: 'cancelled' };

export function SqlPage() {
  const [text, setText] = useState(param('q', example));
  const [state, setState] = useState<State>({ kind: 'idle' });
  const control = useRef<AbortController | null>(null);
  const run = async (sql: string) => {
    control.current?.abort();
    const own = new AbortController();
    control.current = own;
    setParams({ q: sql }, 'replace');
    setState({ kind: 'running', startedAt: Date.now() });
    try {
      const answer = await postSql<SqlAnswer>(sql, own.signal);
      if (control.current === own) setState({ kind: 'done', answer });
    } catch (error) {
      if (control.current === own) {
        setState(own.signal.aborted ? { kind: 'cancelled' } : { kind: 'failed', error: asApiError(error) });
      }
    }
  };
  useEffect(() => {
    if (param('q') !== '') void run(param('q'));
    return () => control.current?.abort();
  }, []);
  return (
    <div class="page sql">
      <h1 class="unseen">SQL</h1>
      <SchemaList onPick={(sql) => setText(sql)} />
      <section class="sql-main">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void run(text);
          }}
        >
          <textarea
            data-search
            aria-label="SQL"
            spellcheck={false}
            rows={Math.min(18, Math.max(6, text.split('\n').length + 1))}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                void run(event.currentTarget.value);
              }
            }}
          />
          <div class="actions">
            <button type="submit" class="primary" disabled={state.kind === 'running'}>
              Run <kbd>ctrl enter</kbd>
            </button>
            {state.kind === 'running' && (
              <button type="button" onClick={() => control.current?.abort()}>
                Cancel
              </button>
            )}
            {state.kind === 'running' && <Elapsed since={state.startedAt} />}
          </div>
        </form>
        <Result state={state} retry={() => void run(text)} />
      </section>
    </div>
  );
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return <span role="timer">{((now - since) / 1000).toFixed(1)} s</span>;
}

function Result({ state, retry }: { state: State; retry: () => void }) {
  switch (state.kind) {
    case 'idle':
      return (
        <p class="missing">
          ClickHouse SQL over the tables on the left. Reading only. The answer is also at <code>POST /api/v1/sql</code>:{' '}
          <code>curl --data 'SELECT 1' {window.location.origin}/api/v1/sql</code>
        </p>
      );
    case 'running':
      return <div class="skeleton list" role="status" aria-label="Running" />;
    case 'cancelled':
      return (
        <Notice title="Cancelled">
          <p>The query was stopped in the store, too.</p>
        </Notice>
      );
    case 'failed':
      return <ErrorNotice error={state.error} retry={retry} />;
    case 'done':
      return <ResultTable answer={state.answer} />;
    default:
      throw state satisfies never;
  }
}
