/** `featuregate [id]`: the feature gates, or one of them. */
import { gates } from '../../config/gates.ts';

export function printGates(id: string | undefined): number {
  const shown = id === undefined ? gates : gates.filter((gate) => gate.id === id);
  if (shown.length === 0) throw new Error(`feature "${id}" not found`);
  const rows = shown.map(({ id, stage, description }) => {
    const enabled = String(stage === 'beta' || stage === 'stable');
    return [id, enabled, stage[0]!.toUpperCase() + stage.slice(1), description];
  });
  const table = [['ID', 'Enabled', 'Stage', 'Description'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) {
    const cells = row.map((cell, column) => (column < 3 ? cell.padEnd(widths[column]! + 3) : cell));
    process.stdout.write(`${cells.join('')}\n`);
  }
  return 0;
}
