/** Lays text out for a terminal: columns as wide as what is in them, and long sentences in lines of their own. */

/** Rows with equal columns; the last one is wrapped and keeps its indent. Cells are plain text. */
export function columns(rows: readonly (readonly string[])[], width: number, indent = '  '): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => (column === count - 1 ? 0 : (row[column]?.length ?? 0)))),
  );
  return rows.flatMap((row) => {
    const fixed = row.slice(0, count - 1).map((cell, column) => `${cell.padEnd(widths[column]!)}  `);
    const before = indent + fixed.join('');
    const [first = '', ...rest] = wrap(row[count - 1] ?? '', Math.max(20, width - before.length));
    return [`${before}${first}`.trimEnd(), ...rest.map((line) => ' '.repeat(before.length) + line)];
  });
}

/** Lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** Cut in the middle, where names differ least: `checkout-…-worker`. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
