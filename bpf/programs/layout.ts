/** TypeScript for the structs, enums and constants of a shared header, from their layout as clang compiled it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Btf, type Field, readBtf } from 'libbpfjs';
import { compile } from './clang.ts';

/** Compiles a header so that every struct and enum it declares is in the object's BTF. */
export function compileHeader(clang: string, path: string): Btf {
  const { structs, enums } = declaredIn(readFileSync(path, 'utf8'));
  const globals = [
    ...structs.map((name, i) => `struct ${name} struct_${i};`),
    ...enums.map((name, i) => `enum ${name} enum_${i};`),
  ];
  const folder = mkdtempSync(join(tmpdir(), 'layout-'));
  try {
    const source = join(folder, 'layout.c');
    const object = join(folder, 'layout.o');
    writeFileSync(source, ['#include <linux/types.h>', `#include "${path}"`, ...globals, ''].join('\n'));
    compile(clang, source, object);
    return readBtf(object);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of a `.gen.ts`: per struct its size and the offset of each field, per enum its values, and numeric #defines. */
export function writeLayout(btf: Btf, header: string, constantsName: string): string {
  const { structs, enums, constants } = declaredIn(header);
  const parts: string[] = [];
  if (constants.length > 0) {
    const lines = constants.map(([name, value]) => `  ${name}: ${value},`);
    parts.push(`/** Flags and limits. */\nexport const ${constantsName} = {\n${lines.join('\n')}\n} as const;\n`);
  }
  for (const name of enums) {
    const values = [...(btf.enumeration(name) ?? missing(name))];
    // The number of values, as COUNTERS after COUNTER_THIS and COUNTER_THAT, has no underscore.
    const prefix = commonPrefix(values.map(([value]) => value).filter((value) => value.includes('_')));
    const lines = values.map(([value, number]) => `  ${camel(withoutPrefix(value, prefix).toLowerCase())}: ${number},`);
    parts.push(`/** enum ${name} */\nexport const ${camel(name)} = {\n${lines.join('\n')}\n} as const;\n`);
  }
  for (const name of structs) {
    const layout = btf.layout(name) ?? missing(name);
    const lines = layout.fields.map((field) => `  ${camel(field.name)}: ${field.offset}, // ${typeOf(field)}`);
    const all = [`  size: ${layout.size},`, ...lines].join('\n');
    parts.push(`/** struct ${name}: its size, and where each field is, in bytes. */`);
    parts.push(`export const ${camel(name)} = {\n${all}\n} as const;\n`);
  }
  return parts.join('\n').replaceAll('*/\n\nexport', '*/\nexport');
}

/** What a header declares at the beginnings of lines. */
function declaredIn(header: string) {
  const names = (pattern: RegExp) => [...header.matchAll(pattern)].map((found) => found[1]!);
  const defines = header.matchAll(/^#define (\w+)[ \t]+(0x[0-9a-fA-F]+|\d+)(?=\s|$)/gm);
  return {
    structs: names(/^struct (\w+)\s*\{/gm),
    enums: names(/^enum (\w+)\s*\{/gm),
    constants: [...defines].map((found): [string, number] => [found[1]!, Number(found[2])]),
  };
}

function typeOf(field: Field): string {
  const element = field.size / field.count;
  const type = field.typeName !== '' ? field.typeName : `${field.signed ? 'i' : 'u'}${element * 8}`;
  const array = field.count === 1 ? type : `${type}[${field.count}]`;
  return field.bits === undefined
    ? array
    : `${array}, bits ${field.bits.shift} to ${field.bits.shift + field.bits.width - 1}`;
}

/** What all values of an enum begin with, up to an underscore: EVENT_ of EVENT_DATA and EVENT_OPEN. */
function commonPrefix(names: string[]): string {
  let prefix = names[0] ?? '';
  while (!names.every((name) => name.startsWith(prefix)) || !prefix.endsWith('_')) {
    if (prefix === '') return '';
    prefix = prefix.slice(0, -1);
  }
  return prefix;
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function missing(name: string): never {
  throw new Error(`the compiler knows no ${name}: is it declared at the beginning of a line?`);
}
