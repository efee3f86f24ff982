/** nginx that gives back the `id` of each request as a header, so that request and answer can be seen to belong together. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../kit/ports.ts';
import type { SeenSpan } from '../../live/spans.ts';
import { type Server, serverDirectory, startServer } from '../../servers/server.ts';

export async function startEcho(): Promise<Server> {
  const [port] = await freePorts(1);
  const directory = serverDirectory('echo');
  const config = join(directory, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  );
  writeFileSync(
    config,
    `user root;
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_requests 10000000;
  ${temporary.join(' ')}
  server { listen 127.0.0.1:${port}; location / { add_header x-echo $arg_id; return 200 "ok"; } }
}
`,
  );
  const args = ['-c', config, '-e', join(directory, 'error.log'), '-p', directory];
  return startServer({ name: 'nginx', command: 'nginx', args, port: port!, directory, signal: 'SIGQUIT' });
}

/** Id of the request, and the one that came with the answer; the latter undefined when no answer was seen. */
export function idsOf({ attributes }: SeenSpan): { asked: string; answered: string | undefined } {
  const header = attributes['http.response.header.x-echo'] as { values: { string_value: string }[] } | undefined;
  const asked = /(?:^|&)id=([^&]*)/.exec(String(attributes['url.query'] ?? ''))?.[1] ?? '';
  return { asked, answered: header?.values[0]?.string_value };
}
