/** Compiles every program to `build/<name>.bpf.o`: BTF is kept (the kernel and the loader need it), DWARF is not. */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compile, findClang, findStrip } from './clang.ts';

const folder = import.meta.dirname;
const output = join(folder, 'build');
const clang = findClang();
const strip = findStrip();
if (clang === undefined || strip === undefined) {
  console.error('clang or llvm-strip is missing: apt-get install clang-16 llvm-16');
  process.exit(1);
}
mkdirSync(output, { recursive: true });
for (const source of globSync('*/*.bpf.c', { cwd: folder }).sort()) {
  const object = join(output, basename(source).replace(/\.c$/, '.o'));
  // Beside it and then renamed, so that a collector that starts meanwhile finds the old one or the new one.
  const fresh = `${object}.${process.pid}`;
  try {
    compile(clang, join(folder, source), fresh);
    execFileSync(strip, ['-g', fresh]);
    renameSync(fresh, object);
  } catch (error) {
    // The others may do without it.
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
