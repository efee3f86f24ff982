/** Starts one of the services; what it needs to know comes by its environment. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { type Program, type Server, serverDirectory, startServer } from '../servers/server.ts';
import type { Built } from './build.ts';

export type ServiceName =
  | 'storefront'
  | 'catalog'
  | 'inventory'
  | 'shipping'
  | 'orders'
  | 'accounts'
  | 'recommendations'
  | 'promotions';

export interface ServiceOptions {
  /** Address it listens on. */
  host?: string;
  /** 0: it listens nowhere (shipping). */
  port: number;
  /** Second port with TLS; `accounts` and `recommendations` then speak TLS on their only port. */
  tls?: { port: number; certificate: Certificate };
  /** inventory: HTTP beside gRPC. */
  httpPort?: number;
  namespace?: string | undefined;
  /** Where others are: MARIADB: tcp://127.0.0.1:3306, CATALOG: http://127.0.0.1:8080. */
  others: Record<string, string>;
  /** File for what it says it did; without, it says nothing. */
  truth?: string;
}

const here = import.meta.dirname;

export async function startService(name: ServiceName, built: Built, options: ServiceOptions): Promise<Server> {
  const { host = '127.0.0.1', port, tls, namespace } = options;
  const directory = serverDirectory(name);
  const env: NodeJS.ProcessEnv = { ...options.others };
  if (options.truth !== undefined) env.TRUTH = options.truth;
  const grpc = name === 'inventory';
  if (grpc && options.httpPort !== undefined) env.HTTP = `${host}:${options.httpPort}`;
  if (port !== 0) env[grpc ? 'GRPC' : 'HTTP'] = `${host}:${port}`;
  if (tls !== undefined) {
    env[grpc ? 'GRPCS' : 'HTTPS'] = `${host}:${tls.port}`;
    env.CERTIFICATE = tls.certificate.cert;
    env.CERTIFICATE_KEY = tls.certificate.key;
  }
  const [command, ...args] = commandOf(name, built, options, directory);
  const program: Program = { name, command: command!, args, env, port, directory, namespace };
  return startServer(program);
}

function commandOf(name: ServiceName, built: Built, options: ServiceOptions, directory: string): string[] {
  const { host = '127.0.0.1', port, tls } = options;
  switch (name) {
    case 'catalog':
    case 'inventory':
    case 'shipping':
      return [join(built.go, name)];
    case 'orders':
      return ['java', '-Xmx192m', '-Dsun.net.httpserver.nodelay=true', '-jar', built.java];
    case 'storefront':
      return [process.execPath, join(here, 'node', 'storefront.mjs')];
    case 'accounts': {
      const threads = ['--worker-class', 'gthread', '--workers', '2', '--threads', '32', '--keep-alive', '60'];
      const secure = tls === undefined ? [] : ['--certfile', tls.certificate.cert, '--keyfile', tls.certificate.key];
      const place = ['--bind', `${host}:${port}`, '--chdir', join(here, 'python')];
      return [built.python, '-m', 'gunicorn', ...threads, ...secure, ...place, 'accounts:app'];
    }
    case 'recommendations': {
      const quiet = ['--log-level', 'warning', '--timeout-keep-alive', '60'];
      const secure =
        tls === undefined ? [] : ['--ssl-certfile', tls.certificate.cert, '--ssl-keyfile', tls.certificate.key];
      const place = ['--host', host, '--port', String(port), '--app-dir', join(here, 'python')];
      return [built.python, '-m', 'uvicorn', ...quiet, ...secure, ...place, 'recommendations:app'];
    }
    case 'promotions':
      return [phpFpm(), '--nodaemonize', '--allow-to-run-as-root', '--fpm-config', fpmConfig(directory, host, port)];
    default:
      return name satisfies never;
  }
}

/** PHP-FPM; a web server speaks FastCGI to it, for which promotionsLocation() is the nginx configuration. */
function fpmConfig(directory: string, host: string, port: number): string {
  const file = join(directory, 'fpm.conf');
  const children = 'pm = static\npm.max_children = 8\nclear_env = no\nuser = root\ngroup = root';
  writeFileSync(
    file,
    `[global]\nerror_log = ${join(directory, 'error.log')}\n[www]\nlisten = ${host}:${port}\n${children}\n`,
  );
  return file;
}

/** nginx configuration: passes a request to PHP-FPM. */
export function promotionsLocation(fpm: string): string {
  const parameters = { SCRIPT_FILENAME: join(here, 'php', 'promotions.php'), REQUEST_METHOD: '$request_method' };
  const lines = Object.entries({ ...parameters, REQUEST_URI: '$request_uri' });
  return `fastcgi_pass ${fpm}; ${lines.map(([name, value]) => `fastcgi_param ${name} ${value};`).join(' ')}`;
}

function phpFpm(): string {
  const programs = ['php-fpm', 'php-fpm8.2', 'php-fpm8.3', 'php-fpm8.4'];
  const found = programs.find((program) => existsSync(join('/usr/sbin', program)));
  if (found === undefined) throw new Error('php-fpm is not installed: apt-get install php-fpm php-mysql');
  return join('/usr/sbin', found);
}
