/** What is measured side by side on one capture file, as whole processes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Capture } from './captures.ts';
import type { Replay } from './replay.ts';

/** What tshark has to be told that a port carries. */
const dissectors: Record<string, string> = {
  http1: 'http',
  http2: 'http2',
  grpc: 'http2',
  mysql: 'mysql',
  redis: 'resp',
  kafka: 'kafka',
  dns: 'dns',
};

export interface Timed {
  cpuSeconds: number;
  output: string;
}

/** CPU time of a whole process and its children: user and system, start to end. */
function timed(command: string, args: readonly string[]): Timed {
  const shell = ['-c', 'TIMEFORMAT="cpu %U %S"; time "$0" "$@"', command, ...args];
  const { status, stdout, stderr } = spawnSync('bash', shell, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const cpu = /cpu ([\d.]+) ([\d.]+)/.exec(stderr);
  if (status !== 0 || cpu === null) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return { cpuSeconds: Number(cpu[1]) + Number(cpu[2]), output: stdout };
}

/** All figures are sums over `times` replays in one process; the CPU time is that of the whole process. */
export function measureOurs(file: string, times: number): Replay {
  const program = join(import.meta.dirname, 'replay.ts');
  const { cpuSeconds, output } = timed(process.execPath, [program, file, String(times)]);
  return { ...(JSON.parse(output) as Replay), cpuSeconds };
}

/** Dissects every packet and counts protocols: the least that tshark prints after reading all of each. */
export function measureTshark(capture: Capture, file: string): number {
  const dissector = dissectors[capture.name];
  const args = ['-n', '-q', '-z', 'io,phs', '-r', file];
  if (dissector !== undefined) {
    const transport = dissector === 'dns' ? 'udp' : 'tcp';
    args.push('-d', `${transport}.port==${serverPort(file, transport)},${dissector}`);
  }
  const { cpuSeconds, output } = timed('tshark', args);
  const name = capture.name === 'grpc' ? 'grpc' : dissector;
  if (name !== undefined && !new RegExp(`^\\s+${name} `, 'm').test(output))
    throw new Error(`tshark found no ${name} in ${file}:\n${output}`);
  return cpuSeconds;
}

export function measureTcpdump(file: string): number {
  return timed('tcpdump', ['-n', '-r', file, '-w', '/dev/null']).cpuSeconds;
}

function serverPort(file: string, transport: string): string {
  const args = ['-r', file, '-c', '1', '-T', 'fields', '-e', `${transport}.dstport`];
  return execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}
