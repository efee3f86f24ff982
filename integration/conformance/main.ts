/**
 * `npm run conformance -- [DIR] [--only SUBSTRING]`: what the collector reads in the captures of a folder, compared with what they hold.
 *
 * Prints each difference, then three lines of `N passed, M failed, K skipped`: files, keys that are conventions, keys that are facts.
 * Fails when a fact differs; passes, and says so, when the folder is not there.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readCommandLine } from '../kit/command-line.ts';
import { type Count, runConformance } from './run.ts';

const usage = `npm run conformance -- [DIR] [--only SUBSTRING]
  DIR               a conformance set (../shared/conformance)
  --only SUBSTRING  files whose name has it`;

const { values, positionals } = readCommandLine(usage, () =>
  parseArgs({ allowPositionals: true, options: { only: { type: 'string', default: '' } } }),
);
const folder = positionals[0] ?? '../shared/conformance';

if (!existsSync(folder))
  console.log(`${folder} is not there: nothing is compared. Give the folder of a conformance set as argument.`);
else {
  const { files, facts, policy } = await runConformance(folder, values.only, (line) => console.log(line));
  console.log(`files: ${countText(files)}`);
  console.log(`policy: ${countText(policy)}`);
  console.log(`facts: ${countText(facts)}`);
  process.exitCode = facts.failed > 0 ? 1 : 0;
}

function countText({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
