/** Gets clients of other languages from their own registries; Python, Java, Maven and Go are there already. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../kit/collector.ts';

/** Where clients are kept between runs. */
const cache = join(root, '.cache', 'peers');

export interface Finished {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a failure has its whole output. */
export async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  mkdirSync(cache, { recursive: true });
  try {
    return await promisify(execFile)(program, args, {
      cwd: cache,
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 26,
      timeout: 600_000,
    });
  } catch (error) {
    const { stdout, stderr } = error as Finished;
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** A virtual environment with the packages of requirements.txt beside this file; gives its bin folder. */
export async function pythonClient(): Promise<string> {
  const folder = join(cache, 'python');
  const bin = join(folder, 'bin');
  if (!existsSync(bin)) await run('python3', ['-m', 'venv', folder]);
  await run(join(bin, 'pip'), ['install', '--quiet', '--requirement', join(import.meta.dirname, 'requirements.txt')]);
  return bin;
}

/** The Java agent of OpenTelemetry; gives the path of its jar. */
export async function javaAgent(): Promise<string> {
  const version = '2.33.1';
  const jar = join(cache, `opentelemetry-javaagent-${version}.jar`);
  const artifact = `io.opentelemetry.javaagent:opentelemetry-javaagent:${version}`;
  if (!existsSync(jar))
    await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${cache}`]);
  return jar;
}

/** Compiles App.java; gives its class path. The agent does not look into programs that `java` compiles itself. */
export async function javaApp(): Promise<string> {
  const classes = join(cache, 'java-classes');
  await run('javac', ['-d', classes, join(import.meta.dirname, 'App.java')]);
  return classes;
}

/** The load generator of the OpenTelemetry Collector; gives its path. */
export async function telemetrygen(): Promise<string> {
  const program = join(cache, 'telemetrygen');
  const source = 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0';
  if (!existsSync(program)) await run('go', ['install', source], { GOBIN: cache });
  return program;
}
