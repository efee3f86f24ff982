/** The web page: built when its sources, or the packages it is made with, have changed. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environment } from './node.mjs';
import { root, run, step } from './steps.mjs';

/** Lives beside the built page, so that it goes when the page goes. */
const stampFile = join(root, 'web', 'dist', '.built-from');

/** @param {string} node */
export async function ensureWeb(node) {
  const wanted = await hashInputs();
  const built = await readFile(stampFile, 'utf8').catch(() => undefined);
  if (built === wanted) return;
  const why = built === undefined ? 'not built yet' : 'its sources have changed';
  await step(`web page into web/dist (${why})`, async () => {
    await run(node, [join('node_modules', 'vite', 'bin', 'vite.js'), 'build', 'web'], { env: environment(node) });
    await writeFile(stampFile, wanted);
  });
}

async function hashInputs() {
  const hash = createHash('sha256').update(await readFile(join(root, 'package-lock.json')));
  const entries = await readdir(join(root, 'web'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.startsWith(join(root, 'web', 'dist')) && !path.endsWith('.test.ts'))
    .sort();
  for (const path of files) hash.update(path.slice(root.length)).update(await readFile(path));
  return hash.digest('hex');
}
