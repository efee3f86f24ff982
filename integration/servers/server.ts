/** Starts a real server on 127.0.0.1 for a test or a bench, waits until it listens, and stops it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { until } from '../kit/wait.ts';

export interface Server {
  name: string;
  port: number;
  pid: number;
  /** Resolves with the end of what it printed, when the process ends. */
  ended: Promise<string>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Where a server is started when not on a free port of this network namespace. */
export interface Where {
  port?: number;
  /** Name of a network namespace, as `ip netns` knows it. */
  namespace?: string | undefined;
  /** It speaks TLS as well. */
  certificate?: Certificate;
}

export interface Program {
  name: string;
  command: string;
  args: readonly string[];
  /** 0: it listens nowhere, so its process has to live for a moment. */
  port: number;
  namespace?: string | undefined;
  /** A folder of its own, removed when it stops. */
  directory: string;
  env?: NodeJS.ProcessEnv;
  /** UDP servers are asked nothing: their process has to live for a moment. */
  transport?: 'tcp' | 'udp';
  withinMs?: number;
  signal?: NodeJS.Signals;
}

/** A new folder for a server's files. */
export function serverDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `otelcol-${name}-`));
}

export async function startServer(program: Program): Promise<Server> {
  const { name, port, directory, namespace } = program;
  const [command, args] =
    namespace === undefined
      ? [program.command, program.args]
      : ['nsenter', [`--net=/run/netns/${namespace}`, '--', program.command, ...program.args]];
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const note = (text: Buffer): void => {
    output = (output + text.toString()).slice(-4000);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  try {
    await until(`${name} listens on port ${port}`, program.withinMs ?? 60_000, async () => {
      if (failure !== undefined || child.exitCode !== null)
        throw new Error(`${program.command} ended: ${failure?.message ?? child.exitCode}\n${output}`);
      if (program.transport === 'udp' || port === 0) return output !== '' || child.pid !== undefined;
      return namespace === undefined ? listens(port) : hasListener(child.pid!, port);
    });
  } catch (error) {
    await end(child, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    name,
    port,
    pid: child.pid!,
    ended: child.exitCode !== null ? Promise.resolve(output) : once(child, 'close').then(() => output),
    async stop() {
      await end(child, program.signal ?? 'SIGTERM');
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(hard);
}

/** Whether something accepts connections on that port of 127.0.0.1. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Whether somebody listens on a port in the network namespace of a process. */
function hasListener(pid: number, port: number): boolean {
  const wanted = new RegExp(
    `^ *\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F:]+ 0A `,
    'm',
  );
  return ['tcp', 'tcp6'].some((table) => wanted.test(readFileSync(`/proc/${pid}/net/${table}`, 'utf8')));
}
