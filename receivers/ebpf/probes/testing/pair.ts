/** Processes that are TLS server and client at once, and whether each payload was told of the socket it went over. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Clear } from './watch.ts';

export interface Files {
  folder: string;
  cert: string;
  key: string;
  remove(): void;
}

/** A folder with a fresh certificate for 127.0.0.1. */
export function makeCertificate(): Files {
  const folder = mkdtempSync(join(tmpdir(), 'probes-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...names];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return { folder, cert, key, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Compiles a program of one package without modules of others. */
export function buildGo(folder: string, output: string, flags: string[] = []): string {
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };
  execFileSync('go', ['build', ...flags, '-o', output, '.'], { cwd: folder, env });
  return output;
}

export interface Pair {
  pid: number;
  port: number;
  /** Of services that call: the port of whom they call. */
  inner: number;
  /** Lets the clients begin; resolves when all are done, and throws when one had a wrong answer. */
  run(): Promise<void>;
  /** Undefined as long as it runs. */
  ended(): number | string | undefined;
  stop(): void;
}

/** Starts one; it waits for `run`. */
export async function startPair(
  command: string[],
  files: Files,
  connections: number,
  requests: number,
  more: string[] = [],
): Promise<Pair> {
  const [program, ...args] = command as [string, ...string[]];
  const all = [...args, files.cert, files.key, String(connections), String(requests), ...more];
  const child: ChildProcess = spawn(program, all, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const first = await lines.next();
  const { pid, port, inner = 0 } = JSON.parse(first.value as string) as { pid: number; port: number; inner?: number };
  return {
    pid,
    port,
    inner,
    async run() {
      child.stdin!.write('go\n');
      const { value } = await lines.next();
      if (value !== 'done') throw new Error(`${program} ended: ${value}`);
    },
    ended: () => child.exitCode ?? child.signalCode ?? undefined,
    stop() {
      child.kill('SIGKILL');
    },
  };
}

export interface Score {
  /** By side and direction: how many payloads named their connection. */
  seen: Record<'client out' | 'server in' | 'server out' | 'client in', number>;
  right: number;
  wrong: number;
}

/** Payloads name the client's port; the socket they were told of must have it at the client's end. */
export function score(events: readonly Clear[], pair: { pid: number; port: number }): Score {
  const seen = { 'client out': 0, 'server in': 0, 'server out': 0, 'client in': 0 };
  let right = 0;
  let wrong = 0;
  for (const { pid, direction, localPort, remotePort, text } of events) {
    if (pid !== pair.pid) continue;
    const side = localPort === pair.port ? 'server' : 'client';
    const clientPort = side === 'server' ? remotePort : localPort;
    for (const [, named] of text.matchAll(/port=(\d+);/g)) {
      seen[`${side} ${direction}`]++;
      if (Number(named) === clientPort) right++;
      else wrong++;
    }
  }
  return { seen, right, wrong };
}
