/** Runs client.py: the calls of a real client library, by the client's own clock. */
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

/** What node-client.ts does; the rest is client.py's. */
const nodeScenarios: readonly string[] = ['http2', 'http2_streams', 'grpc'];

const folder = join(root, '.cache', 'live-python');

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
  const inNode = nodeScenarios.includes(scenario);
  const script = join(import.meta.dirname, inNode ? 'node-client.ts' : 'client.py');
  const args = [script, scenario, String(port), String(count), String(concurrency)];
  const output = await runClient(inNode ? process.execPath : python, args);
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ClientCall);
}
