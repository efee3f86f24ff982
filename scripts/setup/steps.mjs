/** Progress of the set-up: one line a step, and what a failed step tells the person who started it. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Something the person at the keyboard must mend; its message says what happened and what to do. */
export class SetupError extends Error {
  name = 'SetupError';
}

/**
 * Says what is being done and why, does it, and ends the line with the seconds it took.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedMs = Date.now();
  process.stdout.write(`  ${title} … `);
  try {
    const result = await work();
    process.stdout.write(`${((Date.now() - startedMs) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

/**
 * Runs a command quietly; its output is shown only inside the error of a failure.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<string>} standard output
 */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let all = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    all += chunk;
  });
  child.stderr.on('data', (chunk) => {
    all += chunk;
  });
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      all += error.message;
      resolve('code' in error ? error.code : -1);
    });
    child.on('close', resolve);
  });
  if (code === 0) return stdout;
  throw new SetupError(
    `\`${[command, ...args].join(' ')}\` failed (${code}):\n${lastLines(all, 20)}\n\n${advice(all)}`,
  );
}

/** Prints an error the way a person wants to read it, and leaves. */
export function fail(error) {
  const text =
    error instanceof SetupError ? error.message : [error.stack ?? error, advice(`${error.message}`)].join('\n');
  process.stderr.write(`\n${text.trim()}\n`);
  process.exit(1);
}

const advices = [
  [/ENOSPC|no space left/i, 'The disk is full: free some space (1.5 GB are needed) and start again.'],
  [/EROFS|read-only file system/i, 'The file system is read-only: use a checkout on a writable disk.'],
  [
    /EACCES|EPERM|permission denied/i,
    `No permission to write here: make ${root} yours (sudo chown -R "$USER" "${root}") or start as its owner.`,
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|network/i,
    'The package registry could not be reached: check the network, or the proxy in `npm config get https-proxy`, and start again.',
  ],
  [
    /spawn npm ENOENT/,
    'npm is not in PATH: it comes with Node.js; install it (`apt-get install npm`) and start again.',
  ],
  [/spawn \S+ ENOENT/, 'A program is missing from PATH: install it and start again.'],
];

/** What to do about a failure, as far as its text tells. */
function advice(text) {
  for (const [pattern, sentence] of advices) if (pattern.test(text)) return sentence;
  return '';
}

function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
