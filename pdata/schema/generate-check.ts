/** Emits one check function per OTLP message: framing, wire types, id lengths, nesting, and the count of items. */
import { type Field, fieldsOf } from './layout.ts';
import { messages, roots } from './otlp.ts';
import { isPackable, tagOf, wireType } from './wire-types.ts';

const recursive = new Set(['KeyValue', 'AnyValue', 'ArrayValue', 'KeyValueList']);
const items = new Set<string>(Object.values(roots).flatMap((root) => root.items));

export function generateCheck(): string {
  return `import { maxDepth } from './attributes.ts';
import { checkLength, checkLongTag, checkUnknown, checkVarint, cursor, malformed } from './wire-format.ts';

/** Items seen by the check that is running. */
let items = 0;

${Object.entries(roots)
  .map(
    ([signal, root]) => `/** Checks a whole ${root.request}; returns its number of items, throws MalformedOtlp. */
export function check${signal[0]!.toUpperCase()}${signal.slice(1)}(message: Uint8Array): number {
  items = 0;
  check${root.request}(message, 0, message.length);
  return items;
}
`,
  )
  .join('\n')}
${Object.keys(messages).map(checkFunction).join('\n')}`;
}

function checkFunction(message: string): string {
  const fields = fieldsOf(message);
  const deep = recursive.has(message);
  const messageOneof =
    fields.find((field) => field.oneof !== null && field.isMessage && message !== 'AnyValue')?.oneof ?? undefined;
  return `const fieldsOf${message} = [${fields.map((field) => field.number).join(', ')}];

function check${message}(b: Uint8Array, p: number, end: number${deep ? ', depth: number' : ''}): void {
${items.has(message) ? '  items++;\n' : ''}${deep ? `  if (depth > maxDepth) malformed('${message}', p, \`values are nested deeper than \${maxDepth}\`);\n` : ''}${message === 'KeyValue' ? keyValueShortCut : ''}${messageOneof === undefined ? '' : `  let ${messageOneof} = 0;\n`}  while (p < end) {
    let tag = b[p++]!;
    if (tag > 127) {
      tag = checkLongTag(b, p - 1, end, '${message}');
      p = cursor.at;
    }
    switch (tag) {
${fields.map((field) => fieldCases(message, field, messageOneof)).join('')}      default:
        p = checkUnknown(b, p, end, tag, fieldsOf${message}, '${message}');
    }
  }
}
`;
}

const keyValueShortCut = `  // What SDKs write: 0a <length> key 12 <length> 0a <length> string, all lengths below 128.
  if (b[p] === 0x0a) {
    const keyLength = b[p + 1]!;
    const v = p + 2 + keyLength;
    if (keyLength < 128 && v + 3 < end && b[v] === 0x12 && b[v + 1]! < 128 && v + 2 + b[v + 1]! === end) {
      if (b[v + 2] === 0x0a && b[v + 3]! < 128 && v + 4 + b[v + 3]! === end) return;
      checkAnyValue(b, v + 2, end, depth + 1);
      return;
    }
  }
`;

function fieldCases(message: string, field: Field, messageOneof: string | undefined): string {
  const where = `'${message}.${field.name}'`;
  if (field.repeated && isPackable(field)) {
    return (
      `      case ${tagOf(field.number, 2)}: {\n        const after = checkLength(b, p, end, ${where});\n        p = cursor.at;\n` +
      `        while (p < after) {\n${scalar(field, 'after', where, '          ')}        }\n        break;\n      }\n` +
      `      case ${tagOf(field.number, wireType(field))}:\n${scalar(field, 'end', where, '        ')}        break;\n`
    );
  }
  if (!field.isMessage)
    return `      case ${tagOf(field.number, wireType(field))}:\n${scalar(field, 'end', where, '        ')}        break;\n`;
  const depth = recursive.has(field.type) ? `, ${recursive.has(message) ? 'depth + 1' : '0'}` : '';
  const once =
    messageOneof !== undefined && field.oneof === messageOneof
      ? `        if (${messageOneof}++ > 0) malformed('${message}', p, 'more than one kind of ${messageOneof}');\n`
      : '';
  return `      case ${tagOf(field.number, 2)}: {
${once}        let from = p + 1;
        let after = from + b[p]!;
        if (b[p]! > 127 || !(after <= end)) {
          after = checkLength(b, p, end, ${where});
          from = cursor.at;
        }
        check${field.type}(b, from, after${depth});
        p = after;
        break;
      }
`;
}

/** Statements that move `p` behind one value, or throw. */
function scalar(field: Field, end: string, where: string, indent: string): string {
  const cut = (bytes: number) =>
    `${indent}p += ${bytes};\n${indent}if (p > ${end}) malformed(${where}, p - ${bytes}, 'the number is cut off');\n`;
  switch (field.type) {
    case 'fixed64':
    case 'sfixed64':
    case 'double':
      return cut(8);
    case 'fixed32':
      return cut(4);
    case 'string':
    case 'bytes':
      return (
        `${indent}if (b[p]! < 128 && p + 1 + b[p]! <= ${end}) p += 1 + b[p]!;\n` +
        `${indent}else p = checkLength(b, p, ${end}, ${where});\n`
      );
    case 'id8':
    case 'id16': {
      const length = field.type.slice(2);
      return (
        `${indent}if (b[p] === ${length} && p + ${Number(length) + 1} <= ${end}) p += ${Number(length) + 1};\n` +
        `${indent}else if (b[p] === 0 && p < ${end}) p++;\n` +
        `${indent}else {\n${indent}  const after = checkLength(b, p, ${end}, ${where});\n` +
        `${indent}  if (after !== cursor.at && after - cursor.at !== ${length}) malformed(${where}, cursor.at, \`\${after - cursor.at} bytes, must be ${length} or none\`);\n` +
        `${indent}  p = after;\n${indent}}\n`
      );
    }
    default:
      return `${indent}if (p < ${end} && b[p]! < 128) p++;\n${indent}else p = checkVarint(b, p, ${end}, ${where});\n`;
  }
}
