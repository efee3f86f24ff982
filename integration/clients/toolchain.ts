/** Gets ClickHouse clients of other languages from their own registries, into a folder that is kept between runs. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const cache = join(import.meta.dirname, '..', '..', '.cache', 'clients');

/** Runs a program to its end and returns what it printed; a failure has its whole output. */
export async function run(program: string, args: readonly string[], cwd = cache): Promise<string> {
  mkdirSync(cache, { recursive: true });
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 2 ** 26, timeout: 600_000 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Builds the program in `go/`; gives its path. Go itself notices when there is nothing to build. */
export async function goClient(): Promise<string> {
  const program = join(cache, 'go-client');
  await run('go', ['build', '-o', program, '.'], join(import.meta.dirname, 'go'));
  return program;
}

/** Makes a virtual environment with requirements.txt; gives its interpreter. */
export async function pythonWithClient(): Promise<string> {
  const folder = join(cache, 'python');
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return python;
  await run('python3', ['-m', 'venv', folder]);
  await run(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--requirement',
    join(import.meta.dirname, 'requirements.txt'),
  ]);
  writeFileSync(complete, '');
  return python;
}
