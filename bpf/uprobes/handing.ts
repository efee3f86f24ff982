/** Where Python hands records that it read itself to OpenSSL: `ssl.MemoryBIO`, as asyncio, anyio, Trio and Twisted use it. */
import { type ElfFile, machines } from '../elf/file.ts';
import type { FunctionSymbol } from '../elf/symbols.ts';
import { importCalls } from './import-calls.ts';
import { entryOnly, functionBytes, type ProbePoint } from './point.ts';

/**
 * BPF programs. Arguments by C's rules (rdi, rsi, rdx):
 *   openssl_set_bio      SSL *: it is given BIOs and no socket
 *   openssl_bio_write    BIO *, buffer, int length
 */
export type HandingProgram = 'openssl_set_bio' | 'openssl_bio_write';

const functions = { SSL_set_bio: 'openssl_set_bio', BIO_write: 'openssl_bio_write' } as const;
/** Modules that may have OpenSSL inside: Python's own, in builds that are one file, and the package cryptography's. */
const modules = ['PyInit__ssl', 'PyInit__rust'];

/** What `handingInside` asks a file's symbols for. */
export const handingNames: readonly string[] = [...modules, ...Object.keys(functions)];

/** Points in a file that has OpenSSL and one of these modules inside; none in others. */
export function handingInside(
  file: ElfFile,
  symbols: ReadonlyMap<string, FunctionSymbol>,
): ProbePoint<HandingProgram>[] {
  if (!modules.some((name) => symbols.has(name))) return [];
  return Object.entries(functions).flatMap(([name, program]) => {
    const symbol = symbols.get(name);
    return symbol === undefined ? [] : [entryOnly(functionBytes(file, symbol), program, ['rdi', 'rsi', 'rdx'])];
  });
}

/** Points in a module that uses the shared libraries: their own BIO_write would be passed by every record that anybody writes. */
export function handingCalls(file: ElfFile): ProbePoint<HandingProgram>[] {
  return machines[file.machine] === 'x86-64' ? importCalls(file, functions) : [];
}
