/** The parts of capture that are built at set-up: which are there, and how those that are not come to be. */
import { globSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadAddon } from '../packet-ring/addon.ts';
import { findClang } from '../programs/clang.ts';
import type { Status } from './explain.ts';

export interface PartReport {
  part: 'packet_ring' | 'libbpfjs' | 'programs' | 'clang';
  title: string;
  status: Status;
  reason: string;
  action: string;
}

const programsFolder = join(import.meta.dirname, '../programs');
const setUp = 'run `npm start` once, which builds it';

/** `loadLibrary` throws where the native part of libbpfjs is not there. */
export function readParts(loadLibrary: () => unknown): PartReport[] {
  const clang = findClang();
  const missing = missingPrograms();
  return [
    loads('packet_ring', 'native part of packet capture', loadAddon),
    loads('libbpfjs', 'native part of eBPF', loadLibrary),
    missing.length === 0
      ? part('programs', 'eBPF programs', 'ok')
      : part(
          'programs',
          'eBPF programs',
          'no',
          `not built: ${missing.join(', ')}`,
          clang === undefined ? `install clang, then ${setUp}` : setUp,
        ),
    // Only set-up compiles; a collector that was built elsewhere runs without.
    clang !== undefined || missing.length === 0
      ? part('clang', 'compiler of eBPF programs', 'ok', clang === undefined ? 'not here, not needed' : clang)
      : part('clang', 'compiler of eBPF programs', 'no', 'there is no clang', 'apt-get install clang llvm'),
  ];
}

function part(name: PartReport['part'], title: string, status: Status, reason = '', action = ''): PartReport {
  return { part: name, title, status, reason, action };
}

function loads(name: PartReport['part'], title: string, load: () => unknown): PartReport {
  try {
    load();
    return part(name, title, 'ok');
  } catch (error) {
    return part(name, title, 'no', (error as Error).message.split('\n')[0]!, setUp);
  }
}

/** Sources without an object beside them in `build/`. */
function missingPrograms(folder = programsFolder): string[] {
  return globSync('*/*.bpf.c', { cwd: folder })
    .map((source) => basename(source).replace(/\.c$/, '.o'))
    .filter((object) => statSync(join(folder, 'build', object), { throwIfNoEntry: false }) === undefined)
    .sort();
}
