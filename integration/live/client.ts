/** Runs client.py: the calls of a real client library, by the client's own clock. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runClient } from '../bench/packets/record.ts';
import { root } from '../kit/collector.ts';

/** One call as the client saw it; times are Unix nanoseconds (a double is good to 256 ns). */
export interface ClientCall {
  method: string;
  target: string;
  status: string;
  start: number;
  end: number;
}

const folder = join(root, '.cache', 'live-python');

/** Envoy comes as a Python package. */
export const envoyProgram = join(folder, 'bin', 'envoy');

/** A virtual environment with the client libraries; gives its Python. */
export async function clientPython(): Promise<string> {
  const python = join(folder, 'bin', 'python');
  mkdirSync(join(root, '.cache'), { recursive: true });
  if (!existsSync(python)) await runClient('python3', ['-m', 'venv', folder]);
  const requirements = join(import.meta.dirname, 'requirements.txt');
  await runClient(join(folder, 'bin', 'pip'), ['install', '--quiet', '--requirement', requirements]);
  return python;
}

export async function makeCalls(
  python: string,
  scenario: string,
  port: number,
  count: number,
  concurrency: number,
): Promise<ClientCall[]> {
  const script = join(import.meta.dirname, 'client.py');
  return runCalls(python, ['-B', script, scenario, String(port), String(count), String(concurrency)]);
}

/** Runs a client that prints its calls. */
export async function runCalls(command: string, args: readonly string[]): Promise<ClientCall[]> {
  const output = await runClient(...atOnce(command, args));
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ClientCall);
}

/** Calls by a client in Java, of the main class `live.NAME`; its arguments end with the port, the number of calls and of workers. */
export function javaCalls(name: string, classPath: string, args: readonly (string | number)[]): Promise<ClientCall[]> {
  return runCalls('java', [...steadyJava, '-cp', classPath, `live.${name}`, ...args.map(String)]);
}

/** Paths of a client's sources. */
export function javaSources(name: string): string[] {
  return ['Calls', name].map((source) => join(import.meta.dirname, 'java', `${source}.java`));
}

/** Compiles early, and has more memory than the calls fill, so that it need not stop to collect it. */
const steadyJava = ['-Xms256m', '-Xmn192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

const realTime = ['--fifo', '10'];
const mayRunAtOnce = spawnSync('chrt', [...realTime, 'true']).status === 0;

/**
 * The command, such that its clock can be believed: it gets a processor at once when its answer has come, whatever else the machine
 * does. Where that is not permitted it runs as it is.
 */
function atOnce(command: string, args: readonly string[]): [string, readonly string[]] {
  return mayRunAtOnce ? ['chrt', [...realTime, command, ...args]] : [command, args];
}
