/** Servers of the distribution that one command line starts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer, type Where } from './server.ts';

/** With a certificate it speaks TLS on a second port. */
export async function startRedis(where: Where = {}): Promise<Server & { tlsPort: number }> {
  const { certificate, namespace } = where;
  const [free, tlsPort] = await freePorts(2);
  const port = where.port ?? free!;
  const directory = serverDirectory('redis');
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory];
  if (certificate !== undefined) {
    args.push('--tls-port', String(tlsPort), '--tls-cert-file', certificate.cert, '--tls-key-file', certificate.key);
    args.push('--tls-ca-cert-file', certificate.cert, '--tls-auth-clients', 'no');
  }
  const server = await startServer({ name: 'redis', command: 'redis-server', args, port, directory, namespace });
  return { ...server, tlsPort: tlsPort! };
}

export async function startMemcached(): Promise<Server> {
  const [port] = await freePorts(1);
  const args = ['-u', 'root', '-l', '127.0.0.1', '-p', String(port)];
  return startServer({ name: 'memcached', command: 'memcached', args, port: port!, directory: serverDirectory('mc') });
}

export async function startNats(): Promise<Server> {
  const [port] = await freePorts(1);
  const args = ['-a', '127.0.0.1', '-p', String(port)];
  return startServer({ name: 'nats', command: 'nats-server', args, port: port!, directory: serverDirectory('nats') });
}

export async function startMosquitto(): Promise<Server> {
  const [port] = await freePorts(1);
  const directory = serverDirectory('mqtt');
  const config = join(directory, 'mosquitto.conf');
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  return startServer({ name: 'mosquitto', command: 'mosquitto', args: ['-c', config], port: port!, directory });
}

/** Answers every name under `.test` with 127.0.0.9. */
export async function startDnsmasq(): Promise<Server> {
  const [port] = await freePorts(1);
  const args = [
    '-k',
    '-p',
    String(port),
    '--listen-address=127.0.0.1',
    '--bind-interfaces',
    '--no-resolv',
    '--no-hosts',
  ];
  args.push('--conf-file=/dev/null', '--pid-file', '--address=/test/127.0.0.9', '--user=root');
  return startServer({ name: 'dnsmasq', command: 'dnsmasq', args, port: port!, directory: serverDirectory('dns') });
}

/** Plain HTTP/1.1 and HTTP/2 (h2c, by prior knowledge) on two ports: files of 0.1, 1 and 64 KiB and /status/404, /status/500. */
export async function startNginx(): Promise<Server & { http2Port: number }> {
  const [port, http2Port] = await freePorts(2);
  const directory = serverDirectory('nginx');
  const files = join(directory, 'files');
  mkdirSync(files);
  for (const [name, size] of Object.entries({ small: 100, middle: 1024, large: 65_536 }))
    writeFileSync(join(files, name), 'x'.repeat(size));
  const config = join(directory, 'nginx.conf');
  writeFileSync(config, nginxConfig(directory, files, port!, http2Port!));
  const args = ['-c', config, '-e', join(directory, 'error.log'), '-p', directory];
  const server = await startServer({
    name: 'nginx',
    command: 'nginx',
    args,
    port: port!,
    directory,
    signal: 'SIGQUIT',
  });
  return { ...server, http2Port: http2Port! };
}

function nginxConfig(directory: string, files: string, port: number, http2Port: number): string {
  const place = `root ${files}; default_type text/plain;
      location = /status/404 { return 404 "none"; }
      location = /status/500 { return 500 "broken"; }`;
  return `user root;
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server { listen 127.0.0.1:${port}; ${place} }
  server { listen 127.0.0.1:${http2Port} http2; ${place} }
}
`;
}
