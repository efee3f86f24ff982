/** The answer of a query: a table of any length, with what it cost. */
import { useMemo, useState } from 'preact/hooks';
import type { SqlAnswer } from '../../api/types.ts';
import { formatDuration } from '../../format/duration.ts';
import { formatBytes, formatCount } from '../../format/number.ts';
import { VirtualList } from '../../parts/virtual-list.tsx';

const rowHeight = 24;
/** Rows that are looked at to find out how wide a column has to be. */
const measuredRows = 200;

export function ResultTable({ answer }: { answer: SqlAnswer }) {
  const [selected, setSelected] = useState(-1);
  const columns = useMemo(() => columnsOf(answer), [answer]);
  const { statistics } = answer;
  const template = columns
    .map((column) => `minmax(${column.width}ch, ${column.numeric ? 'max-content' : '1fr'})`)
    .join(' ');
  const minWidth = `${columns.reduce((sum, column) => sum + column.width + 3, 0)}ch`;
  const line = { gridTemplateColumns: template, minWidth };
  return (
    <section class="sql-result" aria-label="Result">
      <p class="missing" role="status">
        {formatCount(answer.rows)} row{answer.rows === 1 ? '' : 's'}
        {statistics !== undefined &&
          `, ${formatDuration(statistics.elapsed * 1e9)}, read ${formatCount(statistics.rows_read)} rows, ${formatBytes(statistics.bytes_read)}`}
      </p>
      {answer.rows > 0 && (
        <div class="sql-scroll">
          <div class="list-head sql-line" style={line}>
            {columns.map((column) => (
              <span key={column.name} class={column.numeric ? 'number' : ''} title={column.type}>
                {column.name}
              </span>
            ))}
          </div>
          <VirtualList
            label="Rows of the result"
            class="sql-list"
            count={answer.data.length}
            rowHeight={rowHeight}
            selected={selected}
            onSelect={setSelected}
            row={(index) => (
              <div class="sql-line" style={line}>
                {columns.map((column) => {
                  const text = cellText(answer.data[index]![column.name]);
                  return (
                    <span
                      key={column.name}
                      class={column.numeric ? 'number' : ''}
                      title={text.length > 40 ? text : undefined}
                    >
                      {text === 'NULL' ? <em class="missing">NULL</em> : text}
                    </span>
                  );
                })}
              </div>
            )}
          />
        </div>
      )}
    </section>
  );
}

interface ColumnView {
  name: string;
  type: string;
  numeric: boolean;
  /** Characters. */
  width: number;
}

function columnsOf(answer: SqlAnswer): ColumnView[] {
  return answer.meta.map(({ name, type }) => {
    let width = name.length + 1;
    for (let at = 0; at < Math.min(measuredRows, answer.data.length); at++) {
      width = Math.max(width, cellText(answer.data[at]![name]).length + 1);
    }
    return { name, type, numeric: /^(Nullable\()?(U?Int|Float|Decimal)/.test(type), width: Math.min(width, 60) };
  });
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
