/** Java programs of the tests: compiled once more when a source has changed, and run with their libraries. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../kit/collector.ts';

/** Compiles the sources against the libraries; gives the class path to run their classes with. */
export function javaClassPath(libraries: string, sources: readonly string[]): string {
  const hash = createHash('sha256').update(libraries);
  for (const source of sources) hash.update(readFileSync(source));
  const folder = join(root, '.cache', 'servers', 'classes', hash.digest('hex').slice(0, 16));
  const complete = join(folder, '.complete');
  if (!existsSync(complete)) {
    execFileSync('javac', ['-proc:none', '-cp', libraries, '-d', folder, ...sources], { stdio: 'pipe' });
    writeFileSync(complete, '');
  }
  return `${folder}:${libraries}`;
}
