/** The parts of capture that are built at set-up: which are there, and how those that are not come to be. */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findClang } from '../programs/clang.ts';
import type { Status } from './explain.ts';
import type { Outcome, Outcomes } from './facilities.ts';

export interface PartReport {
  part: 'packet_ring' | 'libbpfjs' | 'programs' | 'clang';
  title: string;
  status: Status;
  reason: string;
  action: string;
}

const programsFolder = join(import.meta.dirname, '../programs');
const setUp = 'run `npm start` once, which builds it';

/** Outcomes tell whether the native part of eBPF could be loaded, without loading it a second time. */
export function readParts(outcomes: Outcomes): PartReport[] {
  const clang = findClang();
  const missing = missingPrograms();
  const compiled = missing.length === 0;
  const howToCompile = clang === undefined ? `install clang and llvm, then ${setUp}` : setUp;
  return [
    native('packet_ring', 'native part of packet capture', outcomes.packet_socket, 'install gcc'),
    native('libbpfjs', 'native part of eBPF', outcomes.ring_buffer, 'install gcc and libbpf-dev'),
    compiled
      ? part('programs', 'eBPF programs', 'ok')
      : part('programs', 'eBPF programs', 'no', `not built: ${missing.join(', ')}`, howToCompile),
    // Only set-up compiles; a collector that was built elsewhere runs without.
    clang !== undefined || compiled
      ? part('clang', 'compiler of eBPF programs', 'ok', clang ?? 'not here, and not needed')
      : part('clang', 'compiler of eBPF programs', 'no', 'there is no clang', 'apt-get install clang llvm'),
  ];
}

function part(name: PartReport['part'], title: string, status: Status, reason = '', action = ''): PartReport {
  return { part: name, title, status, reason, action };
}

function native(name: PartReport['part'], title: string, outcome: Outcome | undefined, install: string): PartReport {
  if (outcome?.kind !== 'untried') return part(name, title, 'ok');
  return part(name, title, 'no', 'not built, or not for this machine', `${install}, then ${setUp}`);
}

/** Names of the programs that are compiled: `sockets` for `build/sockets.bpf.o`. */
export function builtPrograms(folder = programsFolder): Set<string> {
  return new Set(globSync('build/*.bpf.o', { cwd: folder }).map((object) => basename(object, '.bpf.o')));
}

/** Sources without an object. */
function missingPrograms(folder = programsFolder): string[] {
  const built = builtPrograms(folder);
  const sources = globSync('*/*.bpf.c', { cwd: folder }).map((source) => basename(source, '.bpf.c'));
  return sources.filter((name) => !built.has(name)).sort();
}
