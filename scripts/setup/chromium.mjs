/** The browser of the page tests: one that is there, or Debian's, installed when we may. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { run, SetupError, step } from './steps.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** @returns {Promise<string>} path of a Chromium or Chrome; tests get it as CHROMIUM_PATH */
export async function ensureChromium() {
  const found = process.env.CHROMIUM_PATH ?? find();
  if (found) return found;
  const install = 'apt-get install -y --no-install-recommends chromium';
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `The page tests need Chromium, and only root may install it. Run \`sudo ${install}\`, or set CHROMIUM_PATH to that of a Chromium or Chrome, and start again.`,
    );
  }
  await step('Chromium from the distribution (the page tests run in it; 120 MB)', async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', install.split(' ').slice(1), { env });
  });
  return find() ?? '/usr/bin/chromium';
}

function find() {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    for (const name of names) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here; the next one.
      }
    }
  }
  return undefined;
}
