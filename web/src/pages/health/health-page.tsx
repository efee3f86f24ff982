/** Health: how components fare, what went through them, and what the store holds. */
import { useEffect } from 'preact/hooks';
import { apiUrl, getJson } from '../../api/client.ts';
import type { ComponentHealth, Health, StorageRow } from '../../api/types.ts';
import { formatBytes, formatCount, formatShort } from '../../format/number.ts';
import { formatAgo, formatDay } from '../../format/time.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { refresh, refreshedAt } from '../../state/time-range.ts';
import { type Loading, useQuery } from '../../state/use-query.ts';
import { Throughput } from './throughput.tsx';

const refreshEveryMs = 5000;

export function HealthPage() {
  useEffect(() => {
    const timer = setInterval(refresh, refreshEveryMs);
    return () => clearInterval(timer);
  }, []);
  const asked = refreshedAt.value;
  const health = useQuery(`health ${asked}`, (signal) => getJson<Health>(apiUrl('/health'), signal));
  const storage = useQuery(`storage ${asked}`, (signal) =>
    getJson<{ tables: StorageRow[] }>(apiUrl('/storage'), signal),
  );
  return (
    <div class="page health">
      <h1>
        Health <small>{health.data !== undefined && `${health.data.build.name} ${health.data.build.version}`}</small>
      </h1>
      {health.error !== undefined && <ErrorNotice error={health.error} />}
      {health.data !== undefined && <Components components={health.data.components} />}
      {health.data !== undefined && <Throughput metrics={health.data.metrics} />}
      {health.data === undefined && health.error === undefined && <div class="skeleton list" />}
      <Storage storage={storage} />
    </div>
  );
}

const statuses: Readonly<Record<string, [sign: string, text: string, bad: boolean]>> = {
  ok: ['✓', 'ok', false],
  starting: ['…', 'starting', false],
  stopping: ['…', 'stopping', false],
  stopped: ['■', 'stopped', true],
  recoverable_error: ['⚠', 'in trouble, trying again', true],
  permanent_error: ['✖', 'failed', true],
  fatal_error: ['✖', 'failed, the collector stops', true],
};

function Components({ components }: { components: ComponentHealth[] }) {
  return (
    <section>
      <h2>Components</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">component</th>
            <th scope="col">kind</th>
            <th scope="col">pipelines</th>
            <th scope="col">state</th>
            <th scope="col">since</th>
            <th scope="col">message</th>
          </tr>
        </thead>
        <tbody>
          {components.map((component) => {
            const [sign, text, bad] = statuses[component.status] ?? ['?', component.status, true];
            return (
              <tr key={`${component.kind} ${component.id} ${component.pipelines}`}>
                <th scope="row">{component.id}</th>
                <td>{component.kind}</td>
                <td>{component.pipelines.join(', ')}</td>
                <td class={bad ? 'bad' : 'good'}>
                  {sign} {text}
                </td>
                <td>{formatAgo(component.sinceMs, refreshedAt.value)}</td>
                <td>{component.message ?? ''}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Storage({ storage }: { storage: Loading<{ tables: StorageRow[] }> }) {
  const tables = storage.data?.tables;
  return (
    <section>
      <h2>
        Storage{' '}
        {tables !== undefined && <small>{formatBytes(tables.reduce((sum, row) => sum + row.bytes, 0))} on disk</small>}
      </h2>
      {storage.error !== undefined && <ErrorNotice error={storage.error} />}
      {tables?.length === 0 && <p class="missing">Nothing is stored yet.</p>}
      {tables !== undefined && tables.length > 0 && (
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">table</th>
              <th scope="col" class="number">
                rows
              </th>
              <th scope="col" class="number">
                on disk
              </th>
              <th scope="col" class="number">
                per row
              </th>
              <th scope="col" class="number">
                compressed
              </th>
              <th scope="col" class="number">
                parts
              </th>
              <th scope="col">days</th>
            </tr>
          </thead>
          <tbody>
            {tables.map((row) => (
              <tr key={row.table}>
                <th scope="row">{row.table}</th>
                <td class="number">{formatCount(row.rows)}</td>
                <td class="number">{formatBytes(row.bytes)}</td>
                <td class="number">{formatBytes(row.bytes / Math.max(1, row.rows))}</td>
                <td class="number">{formatShort(row.uncompressedBytes / Math.max(1, row.bytes))}×</td>
                <td class="number">{formatCount(row.parts)}</td>
                <td>{days(row)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function days({ oldestMs, newestMs }: StorageRow): string {
  if (oldestMs === null || newestMs === null) return '';
  const oldest = formatDay(oldestMs);
  const newest = formatDay(newestMs);
  return oldest === newest ? oldest : `${oldest} – ${newest}`;
}
