/** MariaDB with an empty data folder of its own. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freePorts } from '../kit/ports.ts';
import { type Server, serverDirectory, startServer, type Where } from './server.ts';

/** User `root` without a password; database `test`. */
export async function startMariadb(where: Where = {}): Promise<Server> {
  const { certificate, namespace } = where;
  const [port] = where.port === undefined ? await freePorts(1) : [where.port];
  const directory = serverDirectory('mariadb');
  const data = join(directory, 'data');
  const install = ['--no-defaults', '--user=root', `--datadir=${data}`, '--auth-root-authentication-method=normal'];
  execFileSync('mariadb-install-db', install, { stdio: 'pipe', timeout: 120_000 });
  const args = ['--no-defaults', '--user=root', `--datadir=${data}`, '--bind-address=127.0.0.1', `--port=${port}`];
  args.push(`--socket=${join(directory, 'sock')}`, '--skip-log-bin', '--max-connections=1000');
  if (certificate !== undefined) args.push(`--ssl-cert=${certificate.cert}`, `--ssl-key=${certificate.key}`);
  return startServer({ name: 'mariadb', command: 'mariadbd', args, port: port!, directory, namespace });
}
