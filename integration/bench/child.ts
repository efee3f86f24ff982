/** Processes of the bench: started with their output kept, waited for, stopped by their own handle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Child {
  pid: number;
  /** Everything written so far to stdout. */
  stdout(): string;
  /** The last lines of stderr, for error messages. */
  stderrTail(): string;
  /** Resolves with the exit code, or null after a signal. */
  exited: Promise<number | null>;
  running(): boolean;
  /** SIGTERM, and after `graceMs` SIGKILL and an Error. */
  stop(graceMs?: number): Promise<void>;
}

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export function startChild(command: string, args: string[], env: Record<string, string> = {}): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  living.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  let running = true;
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      running = false;
      living.delete(child);
      resolve(code);
    });
  });
  exited.catch((error: Error) => {
    running = false;
    living.delete(child);
    stderr += error.message;
  });
  return {
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderrTail: () => stderr.split('\n').slice(-25).join('\n'),
    exited,
    running: () => running,
    async stop(graceMs = 20_000) {
      if (!running) return;
      child.kill('SIGTERM');
      const stopped = await Promise.race([exited.then(() => true), sleep(graceMs, false, { ref: false })]);
      if (stopped) return;
      child.kill('SIGKILL');
      throw new Error(`${command} did not stop within ${graceMs / 1000} s of SIGTERM:\n${stderr.slice(-2000)}`);
    },
  };
}
