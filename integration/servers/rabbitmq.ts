/** RabbitMQ, with a node name, ports and folders of its own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

/** User `guest`, password `guest`. The port mapper it starts (epmd) is its own, and ends with it. */
export async function startRabbitmq(): Promise<Server> {
  const [port, distribution, mapper] = await freePorts(3);
  const directory = serverDirectory('rabbitmq');
  const data = join(directory, 'data');
  mkdirSync(data);
  const env = {
    HOME: directory,
    RABBITMQ_NODENAME: `otelcol${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: data,
    RABBITMQ_LOG_BASE: directory,
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_SERVER_START_ARGS: '-start_epmd true',
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(mapper),
  };
  // The packaged wrapper changes to another user; the server's own script does not.
  const command = '/usr/lib/rabbitmq/bin/rabbitmq-server';
  const server = await startServer({
    name: 'rabbitmq',
    command,
    args: [],
    env,
    port: port!,
    directory,
    withinMs: 120_000,
  });
  return {
    ...server,
    async stop() {
      await server.stop();
      execFileSync('epmd', ['-port', String(mapper), '-kill'], { stdio: 'pipe' });
    },
  };
}
