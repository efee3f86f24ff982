/** Programs of these tests: compiled C, under names of their own. */
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

/** Compiles a source of this folder to `folder/NAME`, for each of the names. */
export function compile(source: string, folder: string, names: readonly string[]): string[] {
  const [first = 'program', ...others] = names;
  const made = join(folder, first);
  execFileSync('gcc', ['-O1', '-o', made, join(import.meta.dirname, source)], { stdio: 'inherit' });
  return [
    made,
    ...others.map((name) => {
      copyFileSync(made, join(folder, name));
      return join(folder, name);
    }),
  ];
}
