/** nginx as a proxy before services: plain, and over TLS with HTTP/2 when there is a certificate. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { type Server, serverDirectory, startServer } from '../servers/server.ts';

export interface ProxyOptions {
  host?: string;
  port: number;
  tls?: { port: number; certificate: Certificate };
  namespace?: string | undefined;
  /** Another name than nginx for the program: nginx overwrites the environment that OTEL_SERVICE_NAME would be read from. */
  program?: string;
  /** Configuration of what `/` is: `proxy_pass http://…;`. */
  location: string;
  /** Servers by the name that `location` uses, with connections kept open. */
  upstreams?: Record<string, string>;
}

/** Two workers. */
export async function startProxy(options: ProxyOptions): Promise<Server> {
  const { port, namespace, program = 'nginx' } = options;
  const directory = serverDirectory('proxy');
  const config = join(directory, 'nginx.conf');
  writeFileSync(config, configuration(options, directory));
  const args = ['-c', config, '-e', join(directory, 'error.log'), '-p', directory];
  let command = 'nginx';
  if (program !== command) {
    command = join(directory, program);
    copyFileSync(execFileSync('which', ['nginx'], { encoding: 'utf8' }).trim(), command);
  }
  return startServer({ name: program, command, args, port, directory, namespace });
}

function configuration({ host = '127.0.0.1', port, tls, location, upstreams = {} }: ProxyOptions, directory: string) {
  const secure =
    tls === undefined
      ? ''
      : `listen ${host}:${tls.port} ssl http2; ssl_certificate ${tls.certificate.cert}; ssl_certificate_key ${tls.certificate.key};`;
  const groups = Object.entries(upstreams).map(
    ([name, server]) => `upstream ${name} { server ${server}; keepalive 64; keepalive_timeout 60s; }`,
  );
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  );
  return `user root;
worker_processes 2;
daemon off;
pid ${join(directory, 'pid')};
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000;
  ${folders.join('\n  ')}
  ${groups.join('\n  ')}
  server {
    listen ${host}:${port};
    ${secure}
    location / {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      fastcgi_keep_conn on;
      ${location}
    }
  }
}
`;
}
