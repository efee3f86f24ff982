/** PostgreSQL with a cluster of its own, run as the user `postgres` because it refuses root. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer } from './server.ts';

const versions = '/usr/lib/postgresql';

/** User `postgres`, trusted on 127.0.0.1; database `postgres`. */
export async function startPostgresql(): Promise<Server> {
  const [port] = await freePorts(1);
  const directory = serverDirectory('postgresql');
  chmodSync(directory, 0o777);
  const data = join(directory, 'data');
  const bin = join(versions, readdirSync(versions).sort().at(-1)!, 'bin');
  execFileSync('runuser', ['-u', 'postgres', '--', join(bin, 'initdb'), '-D', data, '-A', 'trust'], { stdio: 'pipe' });
  const args = ['-u', 'postgres', '--', join(bin, 'postgres'), '-D', data, '-p', String(port), '-k', directory];
  args.push('-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off');
  return startServer({ name: 'postgresql', command: 'runuser', args, port: port!, directory, signal: 'SIGINT' });
}
