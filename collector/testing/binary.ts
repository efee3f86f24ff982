/** Runs the real binary for black-box tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../bin/otelcol-deepflow', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  stderr(): string;
  /** Resolves when stderr (after `from`) has the text; rejects when the process ends or 15 s pass first. */
  until(text: string | RegExp, from?: number): Promise<void>;
  /** The URL of a listener, by the words it is reported with. */
  url(protocol: string): string;
  /** Sends the signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Outcome>;
}

/** Runs a command to its end. */
export async function runBinary(words: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { child, output } = launch(words, env);
  await once(child, 'close');
  return { code: child.exitCode, ...output };
}

/** Starts the collector and waits until it is ready; it is gone when the test is over. */
export async function startBinary(
  test: TestContext,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Running> {
  const { child, output } = launch(words, env);
  test.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  const running: Running = {
    child,
    stderr: () => output.stderr,
    async until(text, from = 0) {
      const has = () =>
        typeof text === 'string' ? output.stderr.includes(text, from) : text.test(output.stderr.slice(from));
      const deadlineMs = performance.now() + 15_000;
      while (!has()) {
        if (child.exitCode !== null)
          throw new Error(`ended with ${child.exitCode} before "${text}":\n${output.stderr}`);
        if (performance.now() > deadlineMs) throw new Error(`no "${text}" within 15 s:\n${output.stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    url(protocol) {
      const found = new RegExp(`"protocol":"${protocol}","url":"([^"]+)"`).exec(output.stderr);
      if (!found) throw new Error(`no listener for ${protocol} in:\n${output.stderr}`);
      return found[1]!;
    },
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await closed;
      return { code: child.exitCode, ...output };
    },
  };
  await running.until('Everything is ready. Begin running and processing data.');
  return running;
}

function launch(words: readonly string[], env: Record<string, string>) {
  const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  return { child, output };
}
