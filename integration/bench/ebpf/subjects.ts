/** What the bench observes: one small service in each runtime, plain and with TLS, and what tracing it may cost at most. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '../../kit/certificate.ts';
import { startChild } from '../child.ts';
import { freePorts } from '../collector.ts';
import { root } from '../paths.ts';
import { waitFor } from '../wait.ts';

export interface Subject {
  name: string;
  /** Path of the request: the size of the answer. */
  path: string;
  tls: boolean;
  /** CPU of a request when it is traced ÷ when it is not: at most. */
  goal: number;
  server: ServerKind;
  /** Trace another process instead of this one. */
  others?: boolean;
}

export type ServerKind = 'nginx' | 'go' | 'java' | 'python' | 'node';

export const subjects: readonly Subject[] = [
  { name: 'nginx/hello', server: 'nginx', path: '/12', tls: false, goal: 1.5 },
  { name: 'nginx/1KiB', server: 'nginx', path: '/1024', tls: false, goal: 1.5 },
  { name: 'nginx/4KiB', server: 'nginx', path: '/4096', tls: false, goal: 1.5 },
  { name: 'nginx/16KiB', server: 'nginx', path: '/16384', tls: false, goal: 1.5 },
  { name: 'nginx/another', server: 'nginx', path: '/12', tls: false, goal: 1.1, others: true },
  { name: 'go/100us', server: 'go', path: '/spin', tls: false, goal: 1.05 },
  ...(['go', 'java', 'python', 'node'] as const).flatMap((server) =>
    ([1024, 4096, 16_384] as const).map((size) => ({
      name: `${server}/${size / 1024}KiB`,
      server,
      path: `/${size}`,
      tls: false,
      goal: 1.05,
    })),
  ),
  { name: 'nginx/tls', server: 'nginx', path: '/1024', tls: true, goal: 1.15 },
  { name: 'go/tls', server: 'go', path: '/1024', tls: true, goal: 1.15 },
  { name: 'node/tls', server: 'node', path: '/1024', tls: true, goal: 1.15 },
];

/** Requests a second that take about a third of a processor. */
const rates: Record<ServerKind, number> = { nginx: 24_000, go: 12_000, java: 8000, python: 1600, node: 12_000 };

export function rateOf({ server, path, tls }: Subject): number {
  if (path === '/spin') return 3200;
  return tls ? rates[server] / 2 : rates[server];
}

export interface RunningSubject {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

const sources = join(import.meta.dirname, 'servers');
const built = join(root, '.cache', 'bench', 'ebpf');

export async function startSubject(subject: Subject): Promise<RunningSubject> {
  const [port] = await freePorts(1);
  const directory = mkdtempSync(join(tmpdir(), 'otelcol-bench-'));
  const certificate = subject.tls ? createCertificate(directory) : undefined;
  const env: Record<string, string> = { PORT: String(port) };
  if (certificate !== undefined) Object.assign(env, { CERT: certificate.cert, KEY: certificate.key });
  const [command, args] = commandOf(subject.server, directory, port!, certificate);
  const child = startChild(command, args, env);
  const url = `http${subject.tls ? 's' : ''}://127.0.0.1:${port}${subject.path}`;
  await waitFor(
    async () => {
      if (!child.running()) throw new Error(`${command} ended:\n${child.stderrTail()}`);
      return answers(url) ? true : undefined;
    },
    () => `${command} does not answer at ${url}:\n${child.stderrTail()}`,
    30_000,
  );
  return {
    url,
    pid: child.pid,
    async stop() {
      await child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function answers(url: string): boolean {
  try {
    execFileSync('curl', ['-skf', '-o', '/dev/null', '--max-time', '2', url]);
    return true;
  } catch {
    return false;
  }
}

type Certificate = ReturnType<typeof createCertificate>;

function commandOf(
  server: ServerKind,
  directory: string,
  port: number,
  certificate: Certificate | undefined,
): [string, string[]] {
  mkdirSync(built, { recursive: true });
  switch (server) {
    case 'nginx':
      writeFileSync(join(directory, 'nginx.conf'), nginxConfig(directory, port, certificate));
      for (const size of [12, 1024, 4096, 16_384]) writeFileSync(join(directory, String(size)), 'x'.repeat(size));
      return ['nginx', ['-c', join(directory, 'nginx.conf'), '-p', directory]];
    case 'go': {
      const program = join(built, 'hello-go');
      execFileSync('go', ['build', '-o', program, join(sources, 'hello.go')], {
        env: { ...process.env, GO111MODULE: 'off' },
      });
      return [program, []];
    }
    case 'java':
      execFileSync('javac', ['-d', built, join(sources, 'Hello.java')]);
      return ['java', ['-Xmx128m', '-Dsun.net.httpserver.nodelay=true', '-cp', built, 'Hello']];
    case 'python':
      return ['python3', [join(sources, 'hello.py')]];
    case 'node':
      return [process.execPath, [join(sources, 'hello.mjs')]];
    default:
      return server satisfies never;
  }
}

/** One worker, answers from memory of the page cache by read and writev: sendfile would hide the body from everybody. */
const nginxConfig = (directory: string, port: number, certificate: Certificate | undefined) => `
daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log; user root;
events { worker_connections 256; }
http {
  access_log off; sendfile off; keepalive_requests 1000000000;
  open_file_cache max=100;
  client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server {
    listen 127.0.0.1:${port}${certificate === undefined ? '' : ' ssl'}; root ${directory};
    ${certificate === undefined ? '' : `ssl_certificate ${certificate.cert}; ssl_certificate_key ${certificate.key};`}
    location = /12 { return 200 "hello world\\n"; }
  }
}
`;
