/** The tests' own programs, compiled when first asked for, and a C program to put probes into. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { compile, findClang } from '../../programs/clang.ts';
import { type BpfMap, type BpfObject, type ObjectOptions, openObject } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'libbpfjs-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Why programs cannot be loaded here, or false: loading them is for root. */
export const forbidden = process.getuid?.() === 0 ? false : 'only root may load eBPF programs';

let compiled: string | undefined;

/** Path of the compiled test/fixture.bpf.c. */
export function fixturePath(): string {
  if (compiled !== undefined) return compiled;
  const clang = findClang();
  if (clang === undefined) throw new Error('clang is missing: apt-get install clang-16');
  compiled = join(folder, 'fixture.bpf.o');
  compile(clang, join(import.meta.dirname, 'fixture.bpf.c'), compiled);
  return compiled;
}

/** The fixture, opened, ready to load, and closed after the test. */
export function openFixture(t: TestContext, options: ObjectOptions = {}): BpfObject {
  const object = openObject(fixturePath(), options);
  t.after(() => object.close());
  object.setAutoload('refused', false);
  object.setExpectedAttachType('on_multi', 'uprobe_multi');
  return object;
}

/** Places of the fixture's `runs` and `cookies`, in the order of its enum. */
export const places = ['tp_btf', 'raw', 'tracepoint', 'perf', 'uprobe', 'uretprobe', 'multi', 'sockops'] as const;

export function countAt(map: BpfMap, place: (typeof places)[number]): number {
  const value = map.lookup(new Uint32Array([places.indexOf(place)]))!;
  return Number(new BigUint64Array(value.buffer)[0]);
}

/** A program whose functions `probed` and `other` are each called `calls` times by a run, and where they are in its file. */
export function buildTarget(): { path: string; offsets: { probed: number; other: number }; run(calls: number): void } {
  const path = join(folder, 'target');
  writeFileSync(`${path}.c`, targetSource);
  execFileSync('gcc', ['-O1', '-o', path, `${path}.c`]);
  const symbols = execFileSync('nm', [path], { encoding: 'utf8' });
  // gcc's linker puts code at the same distance from the file's beginning as from the address it is loaded at.
  const offsetOf = (name: string) => Number.parseInt(new RegExp(`^(\\w+) T ${name}$`, 'm').exec(symbols)![1]!, 16);
  const run = (calls: number) => {
    const { status, signal } = spawnSync(path, [String(calls)]);
    if (status !== 0) throw new Error(`the target ended with ${status ?? signal}`);
  };
  return { path, offsets: { probed: offsetOf('probed'), other: offsetOf('other') }, run };
}

const targetSource = `
#include <stdlib.h>
__attribute__((noinline)) int probed(int x) { __asm__ volatile(""); return x + 1; }
__attribute__((noinline)) int other(int x) { __asm__ volatile(""); return x * 2; }
int main(int count, char **arguments) {
  int sum = 0;
  for (int i = 0; i < atoi(arguments[1]); i++) sum += probed(i) + other(i);
  return sum == 12345;
}
`;
