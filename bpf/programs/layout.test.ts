import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBtf } from 'libbpfjs';
import { compile, findClang } from './clang.ts';
import * as events from './event.gen.ts';
import { generatedFiles } from './generated.ts';
import { compileHeader, writeLayout } from './layout.ts';
import * as threads from './threads.gen.ts';

const clang = findClang();
const folder = import.meta.dirname;

test('generated files are what the headers compile to', () => {
  assert.ok(clang !== undefined, 'clang is missing: apt-get install clang-16');
  for (const [name, text] of generatedFiles(clang)) {
    assert.equal(readFileSync(join(folder, name), 'utf8'), text, `${name} is stale: run \`npm run generate\``);
  }
});

test('programs see the same layouts as user space', (t) => {
  assert.ok(clang !== undefined, 'clang is missing: apt-get install clang-16');
  const scratch = mkdtempSync(join(tmpdir(), 'layout-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const seen = new Set<string>();
  for (const source of globSync('*/*.bpf.c', { cwd: folder })) {
    const object = join(scratch, 'program.o');
    compile(clang, join(folder, source), object);
    const btf = readBtf(object);
    for (const [name, numbers] of Object.entries({ ...events, ...threads })) {
      if (!('size' in numbers)) continue;
      const layout = btf.layout(snake(name));
      if (layout === undefined) continue;
      seen.add(name);
      const compiled = layout.fields.map((field): [string, number] => [field.name, field.offset]);
      const generated = Object.entries(numbers).map(([field, offset]): [string, number] => [snake(field), offset]);
      assert.deepEqual(compiled, generated.slice(1), `${source}: struct ${snake(name)}`);
      assert.equal(layout.size, numbers.size, `${source}: struct ${snake(name)}`);
    }
  }
  assert.ok(seen.has('event') && seen.has('threadState'), `only ${[...seen]} are in the programs' BTF`);
});

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

test('writes structs, enums and constants of a header', (t) => {
  assert.ok(clang !== undefined, 'clang is missing: apt-get install clang-16');
  const scratch = mkdtempSync(join(tmpdir(), 'layout-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const header = `
#define LIMIT_BYTES 0x10 /* as much */
#define NAMED other
enum some_kind { KIND_FIRST_ONE = 1, KIND_SECOND = 7, KINDS };
struct some_record { __u64 time_ns; __s32 delta; enum some_kind kind; __u8 bytes[3]; };
`;
  const path = join(scratch, 'some.h');
  writeFileSync(path, header);
  assert.equal(
    writeLayout(compileHeader(clang, path), header, 'someConstants'),
    `/** Flags and limits. */
export const someConstants = {
  LIMIT_BYTES: 16,
} as const;

/** enum some_kind */
export const someKind = {
  firstOne: 1,
  second: 7,
  kinds: 8,
} as const;

/** struct some_record: its size, and where each field is, in bytes. */
export const someRecord = {
  size: 24,
  timeNs: 0, // u64
  delta: 8, // i32
  kind: 12, // some_kind
  bytes: 16, // u8[3]
} as const;
`,
  );
});

test('numbers that the contract fixes are the header’s', () => {
  const header = readFileSync(join(folder, 'shared', 'event.h'), 'utf8');
  assert.match(header, new RegExp(`EVENT_CLOSE = ${events.eventKind.close},`));
  assert.match(header, new RegExp(`#define EVENT_CUT ${events.eventConstants.EVENT_CUT}\\b`));
});
