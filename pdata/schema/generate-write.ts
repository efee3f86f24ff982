/** Emits the writer of a signal: columns into OTLP bytes, backwards, so nothing is measured before it is written. */
import { columnsClass } from './generate-columns.ts';
import { attributeTableName, columnName, type Field, fieldsOf, prefixOf, tableNameOf, widthOf } from './layout.ts';
import { messages } from './otlp.ts';
import { isPackable, tagOf, wireType } from './wire-types.ts';

export function generateWrite(signal: string, request: string, items: readonly string[]): string {
  const columns = columnsClass(signal);
  const name = signal[0]!.toUpperCase() + signal.slice(1);
  const functions = new Map<string, string>();
  const context = { columns, items, functions };
  emit(context, 'root', request, '', false);
  return `/**
 * Writes the items \`[from, to)\` with the resources and scopes they need as one message; all of them by default, then
 * with empty resources and scopes too.
 */
export function write${name}(c: ${columns}, from = 0, to: number = c.items): Uint8Array {
  const items = c.items;
  const share = items === 0 ? 1 : (to - from) / items;
  const w = new BackwardWriter(Math.ceil(c.arena.length * share * 1.02) + 64, items, from, to);
  writeRoot(w, c);
  return w.finish();
}

${[...functions.values()].join('\n')}`;
}

interface Emit {
  columns: string;
  items: readonly string[];
  functions: Map<string, string>;
}

function functionName(table: string, prefix: string, message: string, flat: boolean): string {
  const title = (text: string) => (text === '' ? '' : text[0]!.toUpperCase() + text.slice(1));
  return flat
    ? `write${title(table)}${title(prefix)}${message}`
    : table === 'root'
      ? 'writeRoot'
      : `write${title(table)}Row`;
}

function emit(context: Emit, table: string, message: string, prefix: string, flat: boolean): string {
  const name = functionName(table, prefix, message, flat);
  if (context.functions.has(name)) return name;
  context.functions.set(name, '');
  const fields = fieldsOf(message).sort((a, b) => b.number - a.number);
  const body = fields.map((field) => fieldStatements(context, table, prefix, field)).join('');
  const row = table === 'root' ? '' : ', row: number';
  const usesTable = table !== 'root' && /\bt\./.test(body);
  context.functions.set(
    name,
    `function ${name}(w: BackwardWriter, c: ${context.columns}${row}): void {\n${usesTable ? `  const t = c.${table};\n` : ''}${body}}\n`,
  );
  return name;
}

/** True when rows of the message hold items somewhere below them. */
function holdsItems(message: string, items: readonly string[]): boolean {
  return fieldsOf(message).some(
    (field) =>
      items.includes(field.type) ||
      (field.isMessage &&
        field.type in messages &&
        !['KeyValue', 'AnyValue'].includes(field.type) &&
        holdsItems(field.type, items)),
  );
}

function fieldStatements(context: Emit, table: string, prefix: string, field: Field): string {
  const column = columnName(prefix, field);
  const owner = table === 'root' ? 'c' : 't';
  const tag = tagOf(field.number, wireType(field));
  const range = (name: string) =>
    table === 'root'
      ? { from: '0', to: `c.${name}.rows` }
      : { from: `t.${name}Start[row]!`, to: `t.${name}Start[row + 1]!` };
  if (field.type === 'KeyValue' && field.repeated) {
    const { from, to } = range(column);
    return `  writeKeyValues(w, c.arena, c.${attributeTableName(table, column)}, ${from}, ${to}, ${tag});\n`;
  }
  if (field.type === 'AnyValue') {
    return `  if (t.${column}Type[row] !== 0) {
    const mark = w.length;
    writeAnyValue(w, c.arena, t.${column}Type[row]!, t.${column}[2 * row]!, t.${column}[2 * row + 1]!);
    w.close(${tag}, mark);
  }
`;
  }
  if (field.isMessage && field.repeated) {
    const child = tableNameOf(table, field.type);
    const callee = emit(context, child, field.type, '', false);
    const { from, to } = range(child);
    const isItem = context.items.includes(field.type);
    const container = !isItem && holdsItems(field.type, context.items);
    return `  for (let i = ${to} - 1; i >= ${from}; i--) {
${isItem ? '    if (!w.wants()) continue;\n' : ''}    const mark = w.length;
${container ? '    const before = w.index;\n' : ''}    ${callee}(w, c, i);
${container ? `    if (w.keep(mark, before)) w.close(${tag}, mark);\n` : `    w.close(${tag}, mark);\n`}  }
`;
  }
  if (field.isMessage) {
    const callee = emit(context, table, field.type, prefixOf(prefix, field), true);
    const present =
      field.oneof !== null
        ? `t.${field.oneof}Case[row] === ${field.number}`
        : table === 'root'
          ? `c.${column}Set === 1`
          : `t.${column}Set[row] === 1`;
    return `  if (${present}) {
    const mark = w.length;
    ${callee}(w, c${table === 'root' ? '' : ', row'});
    w.close(${tag}, mark);
  }
`;
  }
  if (field.repeated) {
    const { from, to } = table === 'root' ? { from: '0', to: `c.${column}Length` } : range(column);
    const list = `${owner}.${column}`;
    if (!isPackable(field)) {
      return `  for (let i = ${to} - 1; i >= ${from}; i--) w.slice(${tag}, c.arena, ${list}[2 * i]!, ${list}[2 * i + 1]!);\n`;
    }
    return `  if (${to} > ${from}) {
    const mark = w.length;
    for (let i = ${to} - 1; i >= ${from}; i--) ${value(field, `${list}[2 * i]!`, `${list}[2 * i + 1]!`, `${list}[i]!`)}
    w.close(${tagOf(field.number, 2)}, mark);
  }
`;
  }
  const target = `t.${field.oneof ?? column}`;
  const lo = `${target}[2 * row]!`;
  const hi = `${target}[2 * row + 1]!`;
  const one = `${target}[row]!`;
  if (['string', 'bytes', 'id8', 'id16'].includes(field.type)) {
    return `  if (${hi} !== 0) w.slice(${tag}, c.arena, ${lo}, ${hi});\n`;
  }
  const present =
    field.oneof !== null
      ? `t.${field.oneof}Case[row] === ${field.number}`
      : field.optional
        ? `t.${column}Set[row] === 1`
        : widthOf(field.type) === 'pair'
          ? `${lo} !== 0 || ${hi} !== 0`
          : `${one} !== 0`;
  return `  if (${present}) {\n    ${value(field, lo, hi, one)}\n    w.uvarint(${tag});\n  }\n`;
}

function value(field: Field, lo: string, hi: string, one: string): string {
  switch (field.type) {
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return `w.word64(${lo}, ${hi});`;
    case 'fixed32':
      return `w.word(${one});`;
    case 'int64':
    case 'uint64':
      return `w.varint64(${lo}, ${hi});`;
    case 'uint32':
      return `w.uvarint(${one});`;
    case 'sint32':
      return `w.uvarint(((${one} << 1) ^ (${one} >> 31)) >>> 0);`;
    default:
      return `w.varint(${one});`;
  }
}
