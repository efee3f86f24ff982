/** Writes `bpf/programs/*.gen.ts` from the headers that programs and user space share; `--check` only tells whether they are up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findClang } from './clang.ts';
import { generatedFiles } from './generated.ts';

const clang = findClang();
const stale: string[] = [];
if (clang === undefined) {
  console.error('bpf/programs: not checked, because clang is missing (apt-get install clang-16)');
  if (!process.argv.includes('--check')) process.exitCode = 1;
} else {
  for (const [name, text] of generatedFiles(clang)) {
    const path = fileURLToPath(new URL(name, import.meta.url));
    let current = '';
    try {
      current = readFileSync(path, 'utf8');
    } catch {
      // A new file is a stale one.
    }
    if (current === text) continue;
    stale.push(name);
    if (!process.argv.includes('--check')) writeFileSync(path, text);
  }
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`bpf/programs: ${stale.join(', ')} differ from the headers in shared/; run \`npm run generate\``);
  process.exitCode = 1;
}
