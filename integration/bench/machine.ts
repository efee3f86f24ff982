/** On what the figures were made: without it no figure may be quoted. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { Programs } from './build.ts';
import { root } from './paths.ts';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  kernel: string;
  node: string;
  /** Versions of Go and of its Collector, where they took part. */
  go?: string;
  goCollector?: string;
  /** Commit of this repository; `+` when files differ from it. */
  commit: string;
}

/** Without programs only Node.js took part. */
export function describeMachine(programs: Programs | null): Machine {
  const processors = cpus();
  const head = git(['rev-parse', '--short=12', 'HEAD']);
  const changed = git(['status', '--porcelain', '--untracked-files=no']) !== '';
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    ...(programs !== null && { go: programs.goVersion, goCollector: programs.goCollectorVersion }),
    commit: head + (changed ? '+' : ''),
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGb, kernel, node, go, goCollector, commit } = machine;
  const rival = go === undefined ? '' : `; ${go}, Go Collector ${goCollector}`;
  return `machine: ${cpu}, ${cores} cores, ${memoryGb} GB, Linux ${kernel}; Node ${node}${rival}; commit ${commit}`;
}

function git(args: string[]): string {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim() ?? '';
}
