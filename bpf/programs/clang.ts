/** The compiler of eBPF programs: where it is, and how every program is compiled with it. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Versions that know BPF atomics and BTF for every section; the first that is found is taken. */
const clangs = ['clang-16', 'clang', 'clang-19', 'clang-18', 'clang-17', 'clang-15', 'clang-14'];

/** Path of a clang, `$CLANG` before all; undefined when there is none. */
export function findClang(): string | undefined {
  return process.env.CLANG ?? find(clangs);
}

/** Path of the llvm-strip that belongs to a clang; undefined when there is none. */
export function findStrip(): string | undefined {
  return process.env.LLVM_STRIP ?? find(clangs.map((name) => name.replace('clang', 'llvm-strip')));
}

/** Compiles a C file to an object with BTF. Throws an Error that holds what clang said. */
export function compile(clang: string, source: string, output: string): void {
  const machine = process.arch === 'arm64' ? ['arm64', 'aarch64'] : ['x86', 'x86_64'];
  const flags = [
    ...['-O2', '-g', '-target', 'bpf', '-Wall', '-Werror'],
    `-D__TARGET_ARCH_${machine[0]}`,
    ...['-I', fileURLToPath(new URL('shared', import.meta.url))],
    // Debian keeps asm/types.h in a folder of the machine's, where clang does not look when the target is bpf.
    ...['-idirafter', `/usr/include/${machine[1]}-linux-gnu`],
  ];
  try {
    execFileSync(clang, [...flags, '-c', source, '-o', output], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString() ?? (error as Error).message;
    throw new Error(`${source} does not compile:\n${said}`, { cause: error });
  }
}

function find(names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next place.
    }
  }
  return undefined;
}
