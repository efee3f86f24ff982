/** Records what a client says to a real server into a capture file, with tcpdump on loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../kit/wait.ts';

/** Kernel buffer of tcpdump in KiB: with its default it drops packets at these rates. */
const bufferKib = 262_144;

/** Runs `load` while packets that match `filter` are written to `file`. */
export async function record(file: string, filter: string, load: () => Promise<void>): Promise<void> {
  const args = ['-i', 'lo', '-n', '-U', '-Q', 'in', '-B', String(bufferKib), '-w', file, filter];
  const tcpdump = spawn('tcpdump', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tcpdump.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  await until('tcpdump listens', 10_000, async () => {
    if (tcpdump.exitCode !== null) throw new Error(`tcpdump ended: ${said}`);
    return said.includes('listening on');
  });
  try {
    await load();
    await settled(file);
  } finally {
    const exit = once(tcpdump, 'exit');
    tcpdump.kill('SIGINT');
    await exit;
  }
  const dropped = Number(/(\d+) packets? dropped by kernel/.exec(said)?.[1] ?? 0);
  if (dropped > 0) console.error(`tcpdump lost ${dropped} packets of ${file}`);
}

/** Until the file has stopped growing. */
async function settled(file: string): Promise<void> {
  let size = -1;
  for (let round = 0; round < 100; round++) {
    const now = existsSync(file) ? statSync(file).size : 0;
    if (now === size) return;
    size = now;
    await sleep(400);
  }
}

/** Runs a client to its end. */
export async function runClient(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const guard = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const [code] = await once(child, 'exit');
  clearTimeout(guard);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-2000)}`);
  return output;
}
