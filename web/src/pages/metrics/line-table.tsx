/** The lines of a chart in figures: a click on a name filters by it when the chart is split. */
import type { ChartLine } from '../../parts/chart.tsx';
import { Value } from '../../parts/value.tsx';
import { param } from '../../state/url.ts';

export function LineTable({ lines, format }: { lines: ChartLine[]; format: (value: number | null) => string }) {
  const group = param('group');
  return (
    <table class="figures">
      <thead>
        <tr>
          <th scope="col">{group === '' ? 'line' : group}</th>
          <th scope="col" class="number">
            last
          </th>
          <th scope="col" class="number">
            mean
          </th>
          <th scope="col" class="number">
            min
          </th>
          <th scope="col" class="number">
            max
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => {
          const values = line.values.filter((value) => value !== null);
          const sum = values.reduce((total, value) => total + value, 0);
          return (
            <tr key={line.label}>
              <th scope="row">
                <i class={line.dash === undefined ? 'mark' : 'mark dashed'} style={{ color: line.color }} />
                {group !== '' && !/ p[\d.]+$/.test(line.label) ? <Value of={group} value={line.label} /> : line.label}
              </th>
              <td class="number">{format(values.at(-1) ?? null)}</td>
              <td class="number">{format(values.length === 0 ? null : sum / values.length)}</td>
              <td class="number">{format(values.length === 0 ? null : values.reduce((a, b) => Math.min(a, b)))}</td>
              <td class="number">{format(values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b)))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
