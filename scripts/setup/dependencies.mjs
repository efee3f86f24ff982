/** npm packages: installed when node_modules is not what package-lock.json says. */
import { createHash } from 'node:crypto';
import { readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root, run, SetupError, step } from './steps.mjs';

/** node_modules with the embedded ClickHouse engine, and npm's cache of it. */
const neededBytes = 1.5 * 2 ** 30;

/** Lives inside node_modules, so that it goes when they go. */
const stampFile = join(root, 'node_modules', '.installed-from');

export async function ensureDependencies() {
  const wanted = createHash('sha256')
    .update(await readFile(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = await readFile(stampFile, 'utf8').catch(() => undefined);
  if (installed === wanted) return;
  const why = installed === undefined ? 'first start' : 'package-lock.json has changed';
  await step(`npm packages into node_modules (${why}; 750 MB, a minute or two)`, async () => {
    await checkSpace();
    // Named, because NODE_ENV=production would leave out what builds the page.
    await run('npm', ['ci', '--include=dev', '--include=optional', '--engine-strict=false', '--no-audit', '--no-fund']);
    await writeFile(stampFile, wanted);
  });
}

async function checkSpace() {
  const { bavail, bsize } = await statfs(root);
  const free = bavail * bsize;
  if (free > neededBytes) return;
  throw new SetupError(
    `The disk of ${root} has ${(free / 2 ** 30).toFixed(2)} GiB free and the packages need 1.5 GiB: free some space and start again.`,
  );
}
