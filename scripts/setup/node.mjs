/** The Node.js that runs the product: this one when it is new enough, otherwise one installed into .runtime. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { root, run, SetupError, step } from './steps.mjs';

/** Runs `.ts` files as they are, and has zstd in node:zlib. */
const neededMajor = 24;
/** What is installed where the system's Node.js is older. */
const pinned = '24.21.0';

/** @returns {Promise<string>} path of a Node.js of at least version 24 */
export async function ensureNode() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major >= neededMajor) return process.execPath;
  const name = `node-linux-${process.arch}`;
  const folder = join(root, '.runtime', 'node_modules', name);
  const binary = join(folder, 'bin', 'node');
  if (installedVersion(folder) === pinned && existsSync(binary)) return binary;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new SetupError(
      `Node.js ${neededMajor} is needed and this is ${process.versions.node}. For ${process.platform}-${process.arch} it cannot be installed from here: install Node.js ${neededMajor} and start again.`,
    );
  }
  await step(
    `Node.js ${pinned} into .runtime (this system has ${process.versions.node}, the collector needs ${neededMajor})`,
    async () => {
      await mkdir(join(root, '.runtime'), { recursive: true });
      const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
      await run('npm', ['install', '--prefix', join(root, '.runtime'), ...quiet, `${name}@${pinned}`]);
      await run(binary, ['--version']);
    },
  );
  return binary;
}

/**
 * An environment in which `node` is that Node.js, for children that look it up.
 * @param {string} node
 * @returns {NodeJS.ProcessEnv}
 */
export function environment(node) {
  return {
    ...process.env,
    PATH: `${dirname(node)}:${process.env.PATH ?? ''}`,
    // The other detectors ask cloud metadata addresses, which most machines do not have.
    OTEL_NODE_RESOURCE_DETECTORS: process.env.OTEL_NODE_RESOURCE_DETECTORS ?? 'env,host,process',
  };
}

function installedVersion(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}
