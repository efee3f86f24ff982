/** nginx as a proxy before services: plain, and over TLS with HTTP/2 when there is a certificate. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { type Server, serverDirectory, startServer } from '../servers/server.ts';

export interface ProxyOptions {
  host?: string;
  port: number;
  tls?: { port: number; certificate: Certificate };
  namespace?: string | undefined;
  /** What it is called by; without, it is nginx like others. */
  service?: string;
  /** Configuration of what `/` is: `proxy_pass http://…;`. */
  location: string;
  /** Servers by the name that `location` uses, with connections kept open. */
  upstreams?: Record<string, string>;
}

/** Two workers. */
export async function startProxy(options: ProxyOptions): Promise<Server> {
  const { port, namespace, service } = options;
  const directory = serverDirectory('proxy');
  const config = join(directory, 'nginx.conf');
  writeFileSync(config, configuration(options, directory));
  const args = ['-c', config, '-e', join(directory, 'error.log'), '-p', directory];
  const env: NodeJS.ProcessEnv = service === undefined ? {} : { OTEL_SERVICE_NAME: service };
  return startServer({ name: service ?? 'nginx', command: 'nginx', args, port, directory, namespace, env });
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
