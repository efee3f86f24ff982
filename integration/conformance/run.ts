/** Runs a conformance folder through the collector's own code and counts what agrees. */
import { compareFile } from './compare.ts';
import { observeDecap } from './decap.ts';
import { type Difference, Tally } from './differences.ts';
import { type ExpectedFile, type Kind, readExpectedFiles } from './expected.ts';
import { observeL4 } from './l4.ts';
import { observeL7 } from './l7.ts';
import type { Observe } from './observation.ts';
import { reasonFor } from './reasons.ts';

/** Who reads the captures of a kind. Files of a kind without a reader are skipped. */
const observers: Readonly<Partial<Record<Kind, Observe>>> = { l7: observeL7, l4: observeL4, decap: observeDecap };

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Report {
  /** By file: one fails when a fact in it does. */
  readonly files: Count;
  /** By key. */
  readonly facts: Count;
  readonly policy: Count;
}

/** `print` gets a line for each difference. Rejects when the folder or a file of it cannot be read. */
export async function runConformance(folder: string, only: string, print: (line: string) => void): Promise<Report> {
  const report: Report = { files: noCount(), facts: noCount(), policy: noCount() };
  for (const file of readExpectedFiles(folder, only)) {
    const observe = observers[file.kind];
    if (observe === undefined) {
      skip(file, report);
      continue;
    }
    const tally = compareFile(file, await observe(file));
    const { factsPassed, policyPassed } = tally;
    const differences = explain(file, tally.differences, report, print);
    const wrong = differences.filter(({ policy }) => !policy).length;
    report.facts.passed += factsPassed;
    report.facts.failed += wrong;
    report.policy.passed += policyPassed;
    report.policy.failed += differences.length - wrong;
    report.files[wrong > 0 ? 'failed' : 'passed']++;
    for (const difference of differences) print(`${file.name} ${differenceText(difference)}`);
  }
  return report;
}

/** Takes out the differences that have a stated reason, prints and counts them as skipped. */
function explain(
  file: ExpectedFile,
  differences: readonly Difference[],
  report: Report,
  print: (line: string) => void,
): Difference[] {
  return differences.filter((difference) => {
    const reason = reasonFor(file.name, difference);
    if (reason === undefined) return true;
    report[difference.policy ? 'policy' : 'facts'].skipped++;
    print(`${file.name} ${differenceText(difference)} skipped: ${reason}`);
    return false;
  });
}

/** Counts every key of the file as skipped: each is one that nothing agrees with. */
function skip(file: ExpectedFile, report: Report): void {
  report.files.skipped++;
  const tally = new Tally(file.policyFields);
  for (const expected of [...file.flows, ...file.messages, ...file.packets]) tally.compare('', expected, undefined);
  for (const { policy } of tally.differences) report[policy ? 'policy' : 'facts'].skipped++;
}

function differenceText({ where, key, expected, got, policy }: Difference): string {
  return `${where} ${key}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)} (${policy ? 'policy' : 'fact'})`;
}

function noCount(): Count {
  return { passed: 0, failed: 0, skipped: 0 };
}
