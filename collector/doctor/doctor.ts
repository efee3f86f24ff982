/** `doctor`: what this kernel and these permissions allow, feature by feature and process by process, and what to do about it. */
import { explainFacilities, explainFeatures, type FeatureReport } from '../../bpf/features/explain.ts';
import { readFacts } from '../../bpf/features/facts.ts';
import { features as table } from '../../bpf/features/features.ts';
import { builtPrograms, readParts } from '../../bpf/features/parts.ts';
import { probeFacilities } from '../../bpf/features/probe.ts';
import { suggestion } from '../../component/suggest.ts';
import { build } from '../build.ts';
import { createBinaries } from './binaries.ts';
import { hostLines } from './host-lines.ts';
import { examineProcesses } from './processes.ts';
import type { DoctorReport } from './report.ts';
import { writeText } from './text.ts';

export interface DoctorOptions {
  json: boolean;
  /** Processes without network connections too. */
  all: boolean;
  /** Names of features without which the exit code is 1. */
  require: readonly string[];
}

/** The exit code: 0, or 1 when a required feature does not work. Throws an Error for a feature that there is not. */
export function doctor({ json, all, require }: DoctorOptions): number {
  const names = table.map(({ name }) => name as string);
  for (const name of require) {
    if (!names.includes(name)) {
      throw new Error(`there is no feature "${name}"${suggestion(name, names)}`);
    }
  }
  const report = examine(all);
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const { isTTY, columns = Number(process.env.COLUMNS) || 100 } = process.stdout;
    const colour = isTTY && !process.env.NO_COLOR;
    process.stdout.write(writeText(report, { width: Math.min(columns, 120), colour, all }));
  }
  const missing = report.features.filter(({ name, status }) => require.includes(name) && status === 'no');
  for (const one of missing) process.stderr.write(`Error: ${told(one)}\n`);
  return missing.length === 0 ? 0 : 1;
}

function told({ name, reason, action }: FeatureReport): string {
  return `feature ${name} is required and off: ${reason}${action === '' ? '' : `; ${action}`}`;
}

function examine(all: boolean): DoctorReport {
  const facts = readFacts();
  const outcomes = probeFacilities();
  const features = explainFeatures(facts, outcomes, builtPrograms());
  return {
    build: `${build.name} ${build.version} on Linux ${facts.kernel.release} ${process.arch}`,
    host: hostLines(facts, outcomes, readParts(outcomes)),
    features,
    facilities: explainFacilities(facts, outcomes),
    ...examineProcesses({ features, binariesOf: createBinaries(), all }),
  };
}
