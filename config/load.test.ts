// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a collector's variables look like that
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from './load.ts';
import { formatPosition, nodeAt, positionOf, toPlain } from './node.ts';

const directory = mkdtempSync(join(tmpdir(), 'otelcol-load-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const load = (locations: string[], options: { sets?: string[]; env?: Record<string, string> } = {}) =>
  loadConfig({ locations, sets: options.sets ?? [], env: options.env ?? {} });
const plain = async (...parameters: Parameters<typeof load>) => toPlain((await load(...parameters)).root);

test('later locations win: maps join, lists replace, null erases, {} does not', async () => {
  const base = 'yaml:{a: {x: 1, y: [1, 2]}, b: {z: 1}, c: {z: 1}}';
  const over = 'yaml:{a: {y: [3], w: 2}, b: null, c: {}}';
  assert.deepEqual(await plain([base, over]), { a: { x: 1, y: [3], w: 2 }, b: null, c: { z: 1 } });
});

test('--set comes after all locations, its dots are levels and its value is YAML', async () => {
  const sets = ['processors.batch.timeout=2s', 'list=[1, 2]', 'a::b=true'];
  assert.deepEqual(await plain(['yaml:processors: {batch: {timeout: 1s, send_batch_size: 5}}'], { sets }), {
    processors: { batch: { timeout: '2s', send_batch_size: 5 } },
    list: [1, 2],
    a: { b: true },
  });
  await assert.rejects(load(['yaml:a: 1'], { sets: ['a.b'] }), /missing equal sign/);
});

test('a yaml: location takes :: in its keys', async () => {
  assert.deepEqual(await plain(['yaml:processors::batch::timeout: 2s']), { processors: { batch: { timeout: '2s' } } });
});

const env = {
  NUMBER: '123',
  OCTAL: '0123',
  LIST: '[a, b]',
  MAP: '{k: v}',
  TEXT: 'a: b: c',
  NAME: 'NUMBER',
  EMPTY: '',
  LOOP: '${LOOP}',
};

const expansions: [string, unknown][] = [
  ['${env:NUMBER}', 123],
  ['${NUMBER}', 123],
  ['port-${NUMBER}', 'port-123'],
  ['${env:OCTAL}', 83],
  ['x${env:OCTAL}', 'x0123'],
  ['${env:LIST}', ['a', 'b']],
  ['${env:MAP}', { k: 'v' }],
  ['${env:TEXT}', 'a: b: c'],
  ['x${env:MAP}', 'x{k: v}'],
  ['${env:NONE:-fallback}', 'fallback'],
  ['${NONE:-5}', 5],
  ['${env:NONE:-}', null],
  ['${env:EMPTY:-unused}', null],
  ['${env:${env:NAME}}', 123],
  ['${env:NONE:-${env:NUMBER}}', 123],
  ['$$', '$'],
  ['$${env:NUMBER}', '${env:NUMBER}'],
  ['$$${env:NUMBER}', '$123'],
  ['$NUMBER', '$NUMBER'],
  ['${unclosed', '${unclosed'],
  ['${yaml:[1]}', [1]],
];

for (const [text, expected] of expansions) {
  test(`expands ${text}`, async () => {
    assert.deepEqual(await plain([`yaml:{v: '${text}'}`], { env }), { v: expected });
  });
}

test('a variable that is not set is empty, with a warning that says where', async () => {
  const { root, warnings } = await load(['yaml:{a: "${env:NONE}", b: "x${NONE}y"}'], { env });
  assert.deepEqual(toPlain(root), { a: null, b: 'xy' });
  assert.equal(warnings.length, 2);
  assert.match(warnings[0]!, /unset environment variable NONE \(yaml:.*:1:5\)/);
});

test('remembers the text of a value that is one variable, for fields that want text', async () => {
  const { root } = await load(['yaml:{a: "${OCTAL}", b: "x${OCTAL}"}'], { env });
  assert.equal(nodeAt(root, ['a'])?.variableText, '0123');
  assert.equal(nodeAt(root, ['b'])?.variableText, undefined);
});

const failures: [string, string[], RegExp][] = [
  ['a name that no variable can have', ['yaml:{a: "${env:1x}"}'], /environment variable "1x" has invalid name/],
  ['variables that lead to each other', ['yaml:{a: "${LOOP}"}'], /too many recursive expansions/],
  ['a scheme that does not exist', ['s3:bucket/key'], /scheme "s3" is not supported/],
  ['a reference with such a scheme', ['yaml:{a: "${vault:x}"}'], /scheme "vault" is not supported/],
  ['a file that is not there', [join(directory, 'none.yaml')], /none\.yaml: there is no such file/],
  ['tabs', ['yaml:a:\n\tb: 1'], /indented with spaces, not tabs \(.*:2:1\)/],
  ['a key twice', ['yaml:{a: 1, a: 2}'], /keys must be unique/i],
  ['no location', [], /at least one config flag must be provided/],
];

for (const [what, locations, expected] of failures) {
  test(`fails on ${what}`, async () => {
    await assert.rejects(load(locations, { env }), expected);
  });
}

test('aliases and merge keys of YAML work; aliases that multiply do not', async () => {
  assert.deepEqual(await plain(['yaml:{x: &x {a: 1, b: 2}, y: {<<: *x, b: 3}, z: *x}']), {
    x: { a: 1, b: 2 },
    y: { a: 1, b: 3 },
    z: { a: 1, b: 2 },
  });
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 8; level++) {
    const alias = `*a${level - 1}`;
    bomb.push(`a${level}: &a${level} [${Array(10).fill(alias).join(', ')}]`);
  }
  await assert.rejects(load([`yaml:${bomb.join('\n')}`]), /more than 100000 values/);
});

test('reads files, with positions to point at, and values out of files', async () => {
  writeFileSync(join(directory, 'secret.txt'), 'hush\n');
  const file = join(directory, 'a.yaml');
  writeFileSync(file, `receivers:\n  otlp:\n    token: \${file:${join(directory, 'secret.txt')}}\n`);
  for (const location of [file, `file:${file}`]) {
    const { root } = await load([location]);
    assert.deepEqual(toPlain(root), { receivers: { otlp: { token: 'hush' } } });
    assert.match(formatPosition(positionOf(root, ['receivers', 'otlp', 'token', 'none'])!), /a\.yaml:3:5$/);
  }
});

test('reads http: locations', async () => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/ok' ? 200 : 404).end('a: {b: 1}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.deepEqual(await plain([`${base}/ok`]), { a: { b: 1 } });
  await assert.rejects(load([`${base}/none`]), /the server answered 404/);
  server.close();
  server.closeAllConnections();
});
