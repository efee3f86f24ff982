/** Reads every import of the tree and holds it against the import table. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isTest, judge, layers, packages } from './import-table.ts';

const root = join(import.meta.dirname, '..');
const outside = /(^|\/)(node_modules|\.[^/]+|dist|data|libbpfjs\/lib)(\/|$)/;
const files = globSync('**/*.{ts,tsx,mts,js,mjs}', { cwd: root, exclude: (path) => outside.test(path) }).sort();

test('the judge knows a wrong import from a right one', () => {
  const cases: [file: string, specifier: string, problem: RegExp | undefined][] = [
    ['wire/grpc/server.ts', 'node:http2', undefined],
    ['wire/grpc/server.ts', '../protobuf.ts', undefined],
    ['wire/grpc/server.ts', '../../pdata/batch.ts', /wire may not import pdata/],
    ['pdata/batch.ts', '../component/errors.ts', /pdata may not import component/],
    ['receivers/otlp/grpc.ts', './http.ts', undefined],
    ['receivers/otlp/grpc.ts', '../nop/index.ts', /imports another component/],
    ['receivers/otlp/grpc.ts', '../../exporters/debug/index.ts', /receivers may not import exporters/],
    ['receivers/otlp/grpc.ts', '../../component/errors.ts', undefined],
    ['extensions/query/app.ts', 'express', undefined],
    ['extensions/health_check/app.ts', 'express', /only extensions\/query may/],
    ['collector/run.ts', 'chdb', /only clickhouse\/embedded may/],
    ['clickhouse/embedded/engine.ts', 'chdb', undefined],
    ['exporters/clickhouse/index.ts', '@clickhouse/client/web', /only clickhouse, querier may/],
    ['receivers/otlp/index.ts', 'protobufjs', /only tests, integration may/],
    ['receivers/otlp/index.test.ts', 'protobufjs', undefined],
    ['receivers/otlp/index.ts', 'left-pad', /no layer may import/],
    ['shiny/new.ts', '../wire/x.ts', /shiny is no layer/],
  ];
  for (const [file, specifier, problem] of cases) {
    const found = judge(file, specifier);
    if (problem === undefined) assert.equal(found, undefined, `${file} → ${specifier}`);
    else assert.match(found ?? 'nothing', problem, `${file} → ${specifier}`);
  }
});

test('the reader sees every form of import', () => {
  const source = `
    import a, { b } from './a.ts';
    import type { C } from "./c.ts";
    import './side.ts';
    export { d } from './d.ts';
    const e = await import('./e.ts');
    const f = require.resolve('f');
    new Worker(new URL('./g.ts', import.meta.url));
    // import h from './h.ts';
    /* import i from './i.ts'; */
  `;
  assert.deepEqual(specifiers(source).sort(), ['./a.ts', './c.ts', './d.ts', './e.ts', './g.ts', './side.ts', 'f']);
});

test('no import goes against the table', () => {
  assert.ok(files.length > 10, 'the tree was not found');
  const problems: string[] = [];
  for (const file of files) {
    for (const specifier of specifiers(read(file))) {
      const problem = judge(file, specifier);
      if (problem !== undefined) problems.push(`${file}: ${problem}`);
    }
  }
  assert.deepEqual(problems, []);
});

test('only the index.ts of a component, a protocol or a package gathers what other files export', () => {
  const index =
    /^((receivers|processors|connectors|exporters|extensions|flow\/l7)\/[^/]+|bpf\/libbpfjs\/src)\/index\.ts$/;
  const gathers = (file: string) => {
    const lines = withoutComments(read(file)).split(/;\s*$/m);
    const statements = lines.map((line) => line.trim()).filter((line) => line !== '');
    const passedOn = statements.filter((line) => /^export\s+(type\s+)?(\*|\{[^}]*\})[^;]*\sfrom\s/.test(line));
    return statements.length === passedOn.length || passedOn.some((line) => /^export\s+(type\s+)?\*/.test(line));
  };
  assert.deepEqual(
    files.filter((file) => !index.test(file) && (file.endsWith('/index.ts') || gathers(file))),
    [],
  );
});

test('code that ships imports no test', () => {
  const problems = files
    .filter((file) => !isTest(file) && !file.startsWith('integration/'))
    .filter((file) => specifiers(read(file)).some((specifier) => /\.test\.ts$|\/testing\//.test(specifier)));
  assert.deepEqual(problems, []);
});

test('ARCHITECTURE.md quotes the import table as it is', () => {
  const text = read('ARCHITECTURE.md');
  assert.ok(text.includes(layers), `ARCHITECTURE.md does not hold this text:\n${layers}`);
  assert.ok(text.includes(packages), `ARCHITECTURE.md does not hold this text:\n${packages}`);
});

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function specifiers(source: string): string[] {
  const pattern =
    /(?:^|[;\s}])(?:import|export)\s[^'"`;]*?\sfrom\s*['"]([^'"]+)['"]|(?:^|[;\s])import\s*['"]([^'"]+)['"]|(?:import|require|require\.resolve|import\.meta\.resolve)\(\s*['"]([^'"]+)['"]|new URL\(\s*['"](\.[^'"]+\.[mc]?[jt]sx?)['"]\s*,\s*import\.meta\.url/g;
  return (
    [...withoutComments(source).matchAll(pattern)]
      .map((found) => (found[1] ?? found[2] ?? found[3] ?? found[4])!)
      // Programs inside template strings name files that are not there yet.
      .filter((specifier) => !specifier.includes('${'))
  );
}

/** Removes comments, near enough: a string that holds `//` after a blank loses its tail, which no import has. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
