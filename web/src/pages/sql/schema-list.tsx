/** Tables and their columns; a click on a table writes a query of it. */
import { apiUrl, getJson } from '../../api/client.ts';
import { useQuery } from '../../state/use-query.ts';

interface ColumnRow {
  table: string;
  column: string;
  type: string;
  comment: string;
}

const timeColumns = ['start_time', 'time', 'Timestamp', 'TimeUnix'];

export function SchemaList({ onPick }: { onPick: (sql: string) => void }) {
  const url = apiUrl('/schema');
  const schema = useQuery(url, (signal) => getJson<{ columns: ColumnRow[] }>(url, signal));
  const tables = Map.groupBy(schema.data?.columns ?? [], (row) => row.table);
  return (
    <aside class="schema" aria-label="Tables">
      {schema.data === undefined && schema.error === undefined && <div class="skeleton list" />}
      {schema.error !== undefined && <p class="missing">The tables cannot be listed: {schema.error.message}</p>}
      {schema.data?.columns.length === 0 && (
        <p class="missing">No tables yet: the clickhouse exporter makes them when it starts.</p>
      )}
      {[...tables].map(([table, columns]) => (
        <details key={table}>
          <summary>{table}</summary>
          <button type="button" onClick={() => onPick(queryOf(table, columns))}>
            Query this table
          </button>
          <ul>
            {columns.map((row) => (
              <li key={row.column} title={row.comment}>
                {row.column} <small>{row.type}</small>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </aside>
  );
}

function queryOf(table: string, columns: readonly ColumnRow[]): string {
  const time = timeColumns.find((name) => columns.some((row) => row.column === name));
  const order = time === undefined ? '' : `\nORDER BY ${time} DESC`;
  return `SELECT *\nFROM otel.${table}${order}\nLIMIT 100`;
}
