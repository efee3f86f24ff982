/** Starts a real server on 127.0.0.1 for a test or a bench, waits until it listens, and stops it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../kit/wait.ts';

export interface Server {
  name: string;
  port: number;
  pid: number;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export interface Program {
  name: string;
  command: string;
  args: readonly string[];
  port: number;
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
  const { name, command, args, port, directory } = program;
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
        throw new Error(`${command} ended: ${failure?.message ?? child.exitCode}\n${output}`);
      return program.transport === 'udp' ? output !== '' || child.pid !== undefined : listens(port);
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
