/** PostgreSQL with a cluster of its own, run as the user `postgres` because it refuses root. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer, type Where } from './server.ts';

const versions = '/usr/lib/postgresql';

/** User `postgres`, trusted on 127.0.0.1; database `postgres`. */
export async function startPostgresql(where: Where = {}): Promise<Server> {
  const { certificate, namespace } = where;
  const [port] = where.port === undefined ? await freePorts(1) : [where.port];
  const directory = serverDirectory('postgresql');
  chmodSync(directory, 0o777);
  const data = join(directory, 'data');
  const bin = join(versions, readdirSync(versions).sort().at(-1)!, 'bin');
  execFileSync('runuser', ['-u', 'postgres', '--', join(bin, 'initdb'), '-D', data, '-A', 'trust'], { stdio: 'pipe' });
  // setpriv becomes the server; runuser would stay and keep signals from it.
  const user = ['--reuid=postgres', '--regid=postgres', '--init-groups', '--'];
  const args = [...user, join(bin, 'postgres'), '-D', data, '-p', String(port), '-k', directory];
  args.push('-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off');
  if (certificate !== undefined)
    args.push(
      '-c',
      'ssl=on',
      '-c',
      `ssl_cert_file=${certificate.cert}`,
      '-c',
      `ssl_key_file=${ownKey(certificate, directory)}`,
    );
  const program = { name: 'postgresql', command: 'setpriv', args, port: port!, directory, namespace };
  return startServer({ ...program, signal: 'SIGINT' });
}

/** A copy of the key that belongs to the user `postgres`: it takes none that others may read. */
function ownKey(certificate: Certificate, directory: string): string {
  const key = join(directory, 'key.pem');
  execFileSync('install', ['-o', 'postgres', '-m', '600', certificate.key, key], { stdio: 'pipe' });
  return key;
}
