/** Emits the column classes of a signal: one class per table, one typed array per column. */
import type { Column, Table, Width } from './layout.ts';

const arrayOf: Record<Width, string> = {
  int: 'Int32Array',
  uint: 'Uint32Array',
  byte: 'Uint8Array',
  pair: 'Uint32Array',
};

const factor = (width: Width) => (width === 'pair' ? '2 * ' : '');

export function columnsClass(signal: string): string {
  return `${signal[0]!.toUpperCase()}${signal.slice(1).replace(/s$/, '')}Columns`;
}

export function generateColumns(signal: string, tables: Table[], items: readonly string[]): string {
  const root = tables[0]!;
  const rest = tables.slice(1);
  return `import { ${imports(signal)} } from './attributes.ts';
import { arenaOf } from './arena.ts';
import { BackwardWriter, cursor, grown, readVarint, readWord, skipField } from './wire-format.ts';

${rest.map(tableClass).join('\n')}
${rootClass(signal, root, rest, items)}
`;
}

function imports(signal: string): string {
  const names = ['AttributeTable', 'readKeyValue', 'writeKeyValues'];
  if (signal === 'logs' || signal === 'profiles') names.push('readAnyValue', 'writeAnyValue');
  return names.join(', ');
}

function tableClass(table: Table): string {
  const columns: Column[] = [...table.columns];
  if (table.parent !== null) {
    columns.unshift({ name: table.parent.column, width: 'uint', meaning: `Row in ${table.parent.table}.` });
  }
  const starts = [...table.children, ...table.lists];
  const lines: string[] = [
    `/** ${table.meaning} One row per ${table.message}. */`,
    `export class ${table.className} {`,
  ];
  lines.push('  rows = 0;', '  capacity: number;');
  for (const column of columns) lines.push(`  /** ${column.meaning} */`, `  ${column.name}: ${arrayOf[column.width]};`);
  for (const child of table.children) {
    lines.push(`  /** ${child.meaning} Row r has rows [start[r], start[r + 1]) of ${child.table}. */`);
    lines.push(`  ${child.name}Start: Uint32Array;`);
  }
  for (const list of table.lists) {
    lines.push(`  /** ${list.meaning} Row r has elements [start[r], start[r + 1]) of ${list.name}. */`);
    lines.push(
      `  ${list.name}Start: Uint32Array;`,
      `  ${list.name}: ${arrayOf[list.width]};`,
      `  ${list.name}Length = 0;`,
    );
  }
  lines.push('', '  constructor(capacity: number) {', '    this.capacity = capacity;');
  for (const column of columns) {
    lines.push(`    this.${column.name} = new ${arrayOf[column.width]}(${factor(column.width)}capacity);`);
  }
  for (const { name } of starts) lines.push(`    this.${name}Start = new Uint32Array(capacity + 1);`);
  for (const list of table.lists) lines.push(`    this.${list.name} = new ${arrayOf[list.width]}(0);`);
  lines.push(
    '  }',
    '',
    '  add(): number {',
    '    if (this.rows === this.capacity) this.#grow();',
    '    return this.rows++;',
    '  }',
    '',
  );
  lines.push('  /** No rows again, in the same memory. */', '  reset(): void {');
  for (const column of columns) lines.push(`    this.${column.name}.fill(0, 0, ${factor(column.width)}this.rows);`);
  for (const list of table.lists) lines.push(`    this.${list.name}Length = 0;`);
  lines.push('    this.rows = 0;', '  }', '');
  for (const list of table.lists) lines.push(...pusher(list));
  lines.push(
    '  #grow(): void {',
    '    const capacity = Math.max(16, this.capacity * 2);',
    '    this.capacity = capacity;',
  );
  for (const column of columns) {
    lines.push(`    this.${column.name} = grown(this.${column.name}, ${factor(column.width)}capacity);`);
  }
  for (const { name } of starts) lines.push(`    this.${name}Start = grown(this.${name}Start, capacity + 1);`);
  lines.push('  }', '}', '');
  return lines.join('\n');
}

function pusher(list: { name: string; width: 'int' | 'pair' }): string[] {
  const method = `push${list.name[0]!.toUpperCase()}${list.name.slice(1)}`;
  const at = `this.${list.name}Length`;
  if (list.width === 'int') {
    return [
      `  ${method}(value: number): void {`,
      `    if (${at} === this.${list.name}.length) this.${list.name} = grown(this.${list.name}, Math.max(16, 2 * ${at}));`,
      `    this.${list.name}[${at}++] = value;`,
      '  }',
      '',
    ];
  }
  return [
    `  ${method}(lo: number, hi: number): void {`,
    `    if (2 * ${at} === this.${list.name}.length) this.${list.name} = grown(this.${list.name}, Math.max(32, 4 * ${at}));`,
    `    this.${list.name}[2 * ${at}] = lo;`,
    `    this.${list.name}[2 * ${at} + 1] = hi;`,
    `    ${at}++;`,
    '  }',
    '',
  ];
}

function rootClass(signal: string, root: Table, rest: Table[], items: readonly string[]): string {
  const attributeTables = [root, ...rest].flatMap((table) =>
    table.children.filter((child) => !rest.some((other) => other.name === child.table)).map((child) => child.table),
  );
  const itemTables = rest.filter((table) => items.includes(table.message));
  const perItem = itemTables.length === 1;
  const lines = [
    `/** All tables of a batch of ${signal}. Slices point into \`arena\`. */`,
    `export class ${columnsClass(signal)} {`,
    '  arena: Uint8Array;',
  ];
  for (const table of rest) lines.push(`  readonly ${table.name}: ${table.className};`);
  for (const name of attributeTables) lines.push(`  readonly ${name}: AttributeTable;`);
  for (const column of root.columns) lines.push(`  /** ${column.meaning} */`, `  ${column.name} = 0;`);
  for (const list of root.lists) {
    lines.push(
      `  /** ${list.meaning} Offset and length in the arena. */`,
      `  ${list.name} = new Uint32Array(0);`,
      `  ${list.name}Length = 0;`,
    );
  }
  lines.push(
    '',
    perItem ? '  /** `items` only sizes the first arrays. */' : '',
    `  constructor(arena: Uint8Array${perItem ? ', items: number' : ''}) {`,
  );
  lines.push('    this.arena = arena;');
  for (const table of rest) {
    const size = itemTables.includes(table) && perItem ? 'items' : '8';
    lines.push(`    this.${table.name} = new ${table.className}(${size});`);
  }
  for (const name of attributeTables) {
    const big = itemTables.some((table) => table.children.some((child) => child.table === name));
    lines.push(`    this.${name} = new AttributeTable(${big && perItem ? '8 * items' : '16'});`);
  }
  lines.push('  }', '');
  lines.push('  /** Empty again, in the same memory, over another arena. */', '  reset(arena: Uint8Array): void {');
  lines.push('    this.arena = arena;');
  for (const name of [...rest.map((table) => table.name), ...attributeTables]) lines.push(`    this.${name}.reset();`);
  for (const column of root.columns) lines.push(`    this.${column.name} = 0;`);
  for (const list of root.lists) lines.push(`    this.${list.name}Length = 0;`);
  lines.push('  }', '');
  for (const list of root.lists) lines.push(...pusher(list));
  lines.push(
    '  /** Spans, data points, log records or samples. */'.replace(
      'Spans, data points, log records or samples',
      signal === 'metrics' ? 'Data points of all kinds' : `Rows of ${itemTables[0]!.name}`,
    ),
    '  get items(): number {',
    `    return ${itemTables.map((table) => `this.${table.name}.rows`).join(' + ')};`,
    '  }',
    '}',
    '',
  );
  return lines.join('\n');
}
