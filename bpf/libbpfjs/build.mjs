#!/usr/bin/env node
/** Compiles native/*.c to build/libbpfjs.node against the system's libbpf: `npx libbpfjs-build`. Exits with 1 and says what is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const folder = import.meta.dirname;
const compiler = process.env.CC ?? 'gcc';
const headers = [
  join(dirname(process.execPath), '..', 'include', 'node'),
  '/usr/local/include/node',
  '/usr/include/node',
].find((place) => existsSync(join(place, 'node_api.h')) && existsSync(join(place, 'uv.h')));

if (headers === undefined) {
  fail('The headers of Node.js (node_api.h, uv.h) are missing: install a Node.js that brings them, or libnode-dev.');
}
const output = join(folder, 'build', 'libbpfjs.node');
// Beside it and then renamed: a running program may have the old one mapped.
const fresh = `${output}.${process.pid}`;
const sources = readdirSync(join(folder, 'native'))
  .filter((name) => name.endsWith('.c'))
  .sort();
mkdirSync(dirname(output), { recursive: true });
const { status, error, stderr } = spawnSync(
  compiler,
  [
    ...['-std=gnu11', '-O2', '-fPIC', '-shared', '-Wall', '-Wextra', '-Werror', '-DNAPI_VERSION=9', `-I${headers}`],
    ...['-o', fresh, ...sources.map((name) => join(folder, 'native', name)), '-lbpf'],
  ],
  { encoding: 'utf8' },
);
if (status !== 0) {
  rmSync(fresh, { force: true });
  if (error !== undefined) fail(`${compiler} is missing (${error.message}): apt-get install gcc libc6-dev`);
  if (/bpf\/\w+\.h|-lbpf/.test(stderr)) fail(`libbpf is missing: apt-get install libbpf-dev\n${stderr}`);
  fail(stderr);
}
renameSync(fresh, output);

function fail(text) {
  process.stderr.write(`${text.trim()}\n`);
  process.exit(1);
}
