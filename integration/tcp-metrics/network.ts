/** Two network namespaces joined by a bad network, traffic between them, and a capture of it: needs root, python3 and tcpdump. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const here = import.meta.dirname;
const clientAddress = '10.77.0.1';
const serverAddress = '10.77.0.2';

export interface BadNetwork {
  /** One way. */
  delayMs: number;
  /** Share of TCP segments that get lost. */
  loss: number;
  seed: number;
  /** Which end's interface is captured. */
  at: 'client' | 'server';
}

/** Why this machine cannot do it; '' when it can. */
export function whatIsMissing(programs: readonly string[]): string {
  if (process.getuid?.() !== 0) return 'network namespaces need root: run it as root';
  for (const program of programs) {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return '';
}

/** Runs all traffic once and leaves the capture in `file`. */
export async function captureTraffic(network: BadNetwork, file: string): Promise<void> {
  const tag = `l4${process.pid % 10_000}${network.at[0]}`;
  const names = { client: `${tag}c`, server: `${tag}s`, middle: `${tag}m` };
  const running: ChildProcess[] = [];
  try {
    for (const name of Object.values(names)) run('ip', 'netns', 'add', name);
    for (const [end, address] of [
      ['client', clientAddress],
      ['server', serverAddress],
    ] as const) {
      run('ip', 'link', 'add', 'wire', 'netns', names[end], 'type', 'veth', 'peer', 'name', end, 'netns', names.middle);
      run('ip', '-n', names[end], 'address', 'add', `${address}/24`, 'dev', 'wire');
      run('ip', '-n', names[end], 'link', 'set', 'wire', 'up');
      run('ip', '-n', names.middle, 'link', 'set', end, 'up');
      run('ip', 'netns', 'exec', names[end], 'python3', join(here, 'bridge.py'), 'offloads', 'wire');
    }
    const { delayMs, loss, seed } = network;
    const bridge = ['client', 'server', `${delayMs}`, `${loss}`, `${seed}`];
    running.push(await begin(names.middle, 'ready', 'python3', join(here, 'bridge.py'), ...bridge));
    running.push(
      await begin(names.server, 'ready', 'python3', join(here, 'traffic.py'), 'serve', serverAddress, '20080'),
    );
    // -Z: some systems let it write as a user of its own, which may not write here.
    const tcpdump = ['-Z', 'root', '--immediate-mode', '-U', '-s', '0', '-i', 'wire', '-w', file, 'tcp'];
    const capture = await begin(names[network.at], 'listening on', 'tcpdump', ...tcpdump);
    running.push(capture);
    const talk = begin(names.client, '', 'python3', join(here, 'traffic.py'), 'talk', serverAddress, '20080');
    const [code] = (await once(await talk, 'exit')) as [number];
    if (code !== 0) throw new Error(`the client of the traffic ended with ${code}`);
    // The last FIN and its acknowledgement are still on their way.
    await new Promise((resolve) => setTimeout(resolve, 20 * delayMs + 500));
    capture.kill('SIGTERM');
    await once(capture, 'exit');
  } finally {
    for (const child of running) child.kill('SIGKILL');
    for (const name of Object.values(names)) {
      try {
        run('ip', 'netns', 'delete', name);
      } catch {
        // It was never made: what went wrong before is the error to see.
      }
    }
  }
}

/** Starts a program in a namespace and waits until it says `word`. */
async function begin(namespace: string, word: string, ...command: string[]): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (word === '') {
    child.stderr.pipe(process.stderr);
    return child;
  }
  let text = '';
  await new Promise<void>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(word)) resolve();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended with ${code}: ${text}`)));
  });
  return child;
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
