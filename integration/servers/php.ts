/** PHP behind nginx: php-fpm speaks FastCGI with it, on connections that are kept open. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { until } from '../kit/wait.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

const script = join(import.meta.dirname, 'php', 'index.php');
/** A process of php-fpm serves one connection; nginx keeps fewer than these open. */
const processes = 12;
const kept = 8;

/** The port is nginx's. With `isUnix` nginx asks PHP over `socket`, a path, else over TCP. */
export async function startPhp({ isUnix = false } = {}): Promise<Server & { fastcgiPort: number; socket: string }> {
  const [port, fastcgiPort] = await freePorts(2);
  const phpDirectory = serverDirectory('php');
  const socket = join(phpDirectory, 'php.sock');
  const place = isUnix ? socket : `127.0.0.1:${fastcgiPort}`;
  const fpm = await startFpm(phpDirectory, place, isUnix ? 0 : fastcgiPort!);
  try {
    if (isUnix) await until('php-fpm listens', 60_000, async () => existsSync(socket));
    const directory = serverDirectory('nginx');
    const config = join(directory, 'nginx.conf');
    writeFileSync(config, nginxConfig(directory, port!, isUnix ? `unix:${socket}` : place));
    const args = ['-c', config, '-e', join(directory, 'error.log'), '-p', directory];
    const nginx = await startServer({ name: 'nginx', command: 'nginx', args, port: port!, directory });
    return {
      ...nginx,
      fastcgiPort: fastcgiPort!,
      socket,
      async stop() {
        await nginx.stop();
        await fpm.stop();
      },
    };
  } catch (error) {
    await fpm.stop();
    throw error;
  }
}

async function startFpm(directory: string, place: string, port: number): Promise<Server> {
  const config = join(directory, 'fpm.conf');
  writeFileSync(
    config,
    `[global]
error_log = ${directory}/error.log
[www]
listen = ${place}
user = root
group = root
pm = static
pm.max_children = ${processes}
`,
  );
  const args = ['--nodaemonize', '--allow-to-run-as-root', '--fpm-config', config];
  return startServer({ name: 'php-fpm', command: fpmProgram(), args, port, directory });
}

/** Debian names it by its version. */
function fpmProgram(): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      const name = readdirSync(folder).find((file) => /^php-fpm[0-9.]*$/.test(file));
      if (name !== undefined) return join(folder, name);
    } catch {
      // No such folder.
    }
  }
  throw new Error('php-fpm is not installed: apt-get install php-fpm');
}

function nginxConfig(directory: string, port: number, place: string): string {
  const parameters = { SCRIPT_FILENAME: script, SCRIPT_NAME: '/index.php' };
  const variables = [
    'request_method',
    'request_uri',
    'query_string',
    'content_type',
    'content_length',
    'server_protocol',
  ];
  const passed = [
    ...Object.entries(parameters).map(([name, value]) => `fastcgi_param ${name} ${value};`),
    ...variables.map((name) => `fastcgi_param ${name.toUpperCase()} $${name};`),
  ];
  return `user root;
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  upstream php { server ${place}; keepalive ${kept}; }
  server {
    listen 127.0.0.1:${port};
    location / { fastcgi_pass php; fastcgi_keep_conn on; ${passed.join(' ')} }
  }
}
`;
}
