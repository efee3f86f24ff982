/** Fails when a generated file is not what its generator makes today; leaves the right one in its place. */
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './setup/steps.mjs';

/** Every generator of committed files. */
export const generators = ['pdata/schema/generate.ts'];

const before = await generatedFiles();
for (const generator of generators) {
  const { status, stderr } = spawnSync(process.execPath, [generator], { cwd: root, encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`${generator} failed:\n${stderr}\n`);
    process.exit(1);
  }
}
const after = await generatedFiles();
const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
  (path) => before.get(path) !== after.get(path),
);
if (changed.length > 0) {
  process.stderr.write(`Not what its generator makes: ${changed.join(', ')}. It is now: commit it.\n`);
  process.exit(1);
}

/** Every *.gen.ts of the tree, path to text. */
async function generatedFiles() {
  const files = new Map();
  for (const folder of new Set(generators.map((generator) => generator.split('/')[0]))) {
    for (const path of await readdir(join(root, folder), { recursive: true })) {
      if (path.endsWith('.gen.ts')) files.set(join(folder, path), await readFile(join(root, folder, path), 'utf8'));
    }
  }
  return files;
}
