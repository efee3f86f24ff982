/** Emits the reader of a signal: checked OTLP bytes into columns, one pass, no object per row. */
import { columnsClass } from './generate-columns.ts';
import { attributeTableName, columnName, type Field, fieldsOf, prefixOf, tableNameOf, widthOf } from './layout.ts';
import { isPackable, tagOf, wireType } from './wire-types.ts';

export function generateRead(signal: string, request: string): string {
  const columns = columnsClass(signal);
  const name = signal[0]!.toUpperCase() + signal.slice(1);
  const functions = new Map<string, string>();
  emit(functions, columns, 'root', request, '');
  const one =
    signal === 'profiles'
      ? "  if (messages.length !== 1) throw new RangeError('profiles of several messages have several dictionaries');\n"
      : '';
  return `/**
 * Reads checked messages into columns; \`items\` is what the check counted. The bytes stay in use as the arena.
 * Columns given as \`reuse\` are emptied and filled again, in their memory.
 */
export function read${name}(
  messages: readonly Uint8Array[],
  ${signal === 'metrics' ? '_items' : 'items'}: number,
  reuse?: ${columns},
): ${columns} {
${one}  const arena = arenaOf(messages);
  const c = reuse ?? new ${columns}(arena.bytes${signal === 'metrics' ? '' : ', items'});
  if (reuse !== undefined) reuse.reset(arena.bytes);
  for (const [index, message] of messages.entries()) {
    readRoot(c, arena.bytes, arena.starts[index]!, arena.starts[index]! + message.length);
  }
  return c;
}

${[...functions.values()].join('\n')}
`;
}

/** The function that reads `message` into a row of `table` (a new one, unless the message is flattened into it). */
function functionName(table: string, prefix: string, message: string, flat: boolean): string {
  const title = (text: string) => (text === '' ? '' : text[0]!.toUpperCase() + text.slice(1));
  return flat
    ? `read${title(table)}${title(prefix)}${message}`
    : table === 'root'
      ? 'readRoot'
      : `read${title(table)}Row`;
}

function emit(
  functions: Map<string, string>,
  columns: string,
  table: string,
  message: string,
  prefix: string,
  flat = false,
): string {
  const name = functionName(table, prefix, message, flat);
  if (functions.has(name)) return name;
  functions.set(name, '');
  const isRoot = table === 'root';
  const fields = fieldsOf(message);
  const cases = fields.map((field) => fieldCase(functions, columns, table, prefix, field)).join('');
  const parameters = `c: ${columns}, b: Uint8Array, p: number, end: number`;
  const body = `  while (p < end) {
    let tag = b[p++]!;
    if (tag > 127) {
      tag = readVarint(b, p - 1);
      p = cursor.at;
    }
    switch (tag) {
${cases}      default:
        p = skipField(b, p, tag);
    }
  }
`;
  if (isRoot || flat) {
    functions.set(
      name,
      `function ${name}(${parameters}${isRoot ? '' : ', row: number'}): void {\n${isRoot || !/\bt\./.test(body) ? '' : `  const t = c.${table};\n`}${body}}\n`,
    );
    return name;
  }
  const { starts, parent } = rowStarts(table, message);
  functions.set(
    name,
    `function ${name}(${parameters}${parent === null ? '' : ', parent: number'}): void {
  const t = c.${table};
  const row = t.add();
${parent === null ? '' : `  t.${parent}[row] = parent;\n`}${starts.map(({ column, length }) => `  t.${column}Start[row] = ${length};\n`).join('')}${body}${starts.map(({ column, length }) => `  t.${column}Start[row + 1] = ${length};\n`).join('')}}
`,
  );
  return name;
}

/** Where the CSR columns of a new row begin and end. */
function rowStarts(
  table: string,
  message: string,
): { starts: { column: string; length: string }[]; parent: string | null } {
  const starts = new Map<string, string>();
  const visit = (name: string, prefix: string) => {
    for (const field of fieldsOf(name)) {
      const column = columnName(prefix, field);
      if (field.type === 'KeyValue' && field.repeated)
        starts.set(column, `c.${attributeTableName(table, column)}.rows`);
      else if (field.type === 'AnyValue') continue;
      else if (field.isMessage && field.repeated) {
        const child = tableNameOf(table, field.type);
        starts.set(child, `c.${child}.rows`);
      } else if (field.isMessage) visit(field.type, prefixOf(prefix, field));
      else if (field.repeated) starts.set(column, `t.${column}Length`);
    }
  };
  visit(message, '');
  return { starts: [...starts].map(([column, length]) => ({ column, length })), parent: parents.get(table) ?? null };
}

/** Tables whose rows know their parent's row; filled by the caller that emits the child. */
const parents = new Map<string, string>();

function fieldCase(
  functions: Map<string, string>,
  columns: string,
  table: string,
  prefix: string,
  field: Field,
): string {
  const column = columnName(prefix, field);
  const owner = table === 'root' ? 'c' : 't';
  const length = `        let n = b[p++]!;
        if (n > 127) {
          n = readVarint(b, p - 1);
          p = cursor.at;
        }
`;
  const open = `      case ${tagOf(field.number, 2)}: {\n${length}`;
  if (field.type === 'KeyValue' && field.repeated) {
    return `${open}        readKeyValue(c.${attributeTableName(table, column)}, b, p, p + n);\n        p += n;\n        break;\n      }\n`;
  }
  if (field.type === 'AnyValue') {
    return `${open}        readAnyValue(t.${column}Type, t.${column}, row, b, p, p + n);\n        p += n;\n        break;\n      }\n`;
  }
  if (field.isMessage && field.repeated) {
    const child = tableNameOf(table, field.type);
    if (table !== 'root') parents.set(child, table.replace(/s$/, ''));
    else parents.delete(child);
    const callee = emit(functions, columns, child, field.type, '');
    return `${open}        ${callee}(c, b, p, p + n${table === 'root' ? '' : ', row'});\n        p += n;\n        break;\n      }\n`;
  }
  if (field.isMessage) {
    const callee = emit(functions, columns, table, field.type, prefixOf(prefix, field), true);
    const set =
      field.oneof === null
        ? table === 'root'
          ? `c.${column}Set = 1`
          : `t.${column}Set[row] = 1`
        : `t.${field.oneof}Case[row] = ${field.number}`;
    return `${open}        ${set};\n        ${callee}(c, b, p, p + n${table === 'root' ? '' : ', row'});\n        p += n;\n        break;\n      }\n`;
  }
  if (field.repeated) {
    const push = `${owner}.push${column[0]!.toUpperCase()}${column.slice(1)}`;
    if (!isPackable(field)) return `${open}        ${push}(p, n);\n        p += n;\n        break;\n      }\n`;
    const one = (indent: string) => pushOne(field, push, indent);
    return `${open}        const after = p + n;\n        while (p < after) {\n${one('          ')}        }\n        break;\n      }\n      case ${tagOf(field.number, wireType(field))}: {\n${one('        ')}        break;\n      }\n`;
  }
  const target = field.oneof ?? column;
  const mark =
    field.oneof !== null
      ? `        t.${field.oneof}Case[row] = ${field.number};\n`
      : field.optional
        ? `        t.${column}Set[row] = 1;\n`
        : '';
  return `      case ${tagOf(field.number, wireType(field))}: {\n${mark}${readScalar(field, `t.${target}`)}        break;\n      }\n`;
}

function pushOne(field: Field, push: string, indent: string): string {
  if (wireType(field) === 1) return `${indent}${push}(readWord(b, p), readWord(b, p + 4));\n${indent}p += 8;\n`;
  if (widthOf(field.type) === 'pair') {
    return `${indent}const lo = readVarint(b, p);\n${indent}p = cursor.at;\n${indent}${push}(lo, cursor.hi);\n`;
  }
  return `${indent}${push}(readVarint(b, p));\n${indent}p = cursor.at;\n`;
}

function readScalar(field: Field, target: string): string {
  const varint = `        let v = b[p++]!;
        if (v > 127) {
          v = readVarint(b, p - 1);
          p = cursor.at;
        }
`;
  switch (field.type) {
    case 'string':
    case 'bytes':
    case 'id8':
    case 'id16':
      return `        let n = b[p++]!;
        if (n > 127) {
          n = readVarint(b, p - 1);
          p = cursor.at;
        }
        ${target}[2 * row] = p;
        ${target}[2 * row + 1] = n;
        p += n;
`;
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return `        ${target}[2 * row] = readWord(b, p);\n        ${target}[2 * row + 1] = readWord(b, p + 4);\n        p += 8;\n`;
    case 'fixed32':
      return `        ${target}[row] = readWord(b, p);\n        p += 4;\n`;
    case 'int64':
    case 'uint64':
      return `        ${target}[2 * row] = readVarint(b, p);\n        ${target}[2 * row + 1] = cursor.hi;\n        p = cursor.at;\n`;
    case 'bool':
      return `        const v = readVarint(b, p);\n        ${target}[row] = v !== 0 || cursor.hi !== 0 ? 1 : 0;\n        p = cursor.at;\n`;
    case 'sint32':
      return `${varint}        ${target}[row] = (v >>> 1) ^ -(v & 1);\n`;
    default:
      return `${varint}        ${target}[row] = v;\n`;
  }
}
