/** The services of integration/services with their databases on free ports of loopback, plain and with TLS, each writing what it did. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '../kit/certificate.ts';
import { type Cgroup, createCgroup } from '../kit/cgroup.ts';
import { childrenOf, type Owner, root } from '../kit/collector.ts';
import { freePorts } from '../kit/ports.ts';
import { startKafka } from '../servers/kafka.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startPostgresql } from '../servers/postgresql.ts';
import type { Server } from '../servers/server.ts';
import { startRedis } from '../servers/simple.ts';
import { type Built, buildServices } from '../services/build.ts';
import { startProxy } from '../services/nginx.ts';
import { promotionsLocation, type ServiceName, startService } from '../services/start.ts';
import { readTruth, type TrueRequest } from './truth.ts';

export interface Place {
  /** 0: none. */
  port: number;
  tlsPort: number;
  /** The server and all processes below it, now. */
  pids(): ReadonlySet<number>;
}

export type PlaceName =
  | 'nginx'
  | 'catalog'
  | 'inventory'
  | 'orders'
  | 'accounts'
  | 'accounts-tls'
  | 'recommendations'
  | 'recommendations-tls'
  | 'storefront'
  | 'promotions'
  | 'promotions-fpm'
  | 'mariadb'
  | 'postgresql'
  | 'redis'
  | 'kafka';

export interface TestShop {
  built: Built;
  places: Record<PlaceName, Place>;
  /** All of it runs in here, and nothing else of this machine. */
  cgroup: Cgroup;
  /** What a service wrote so far. */
  truthOf(service: string): TrueRequest[];
  truthFile(service: string): string;
}

/** Takes half a minute; everything ends with the test. */
export async function startTestShop(t: Owner): Promise<TestShop> {
  const built = await buildServices();
  const cgroup = createCgroup(`otelcol-test-${process.pid}`);
  t.after(() => cgroup.remove());
  return cgroup.around(() => startAll(t, built, cgroup));
}

async function startAll(t: Owner, built: Built, cgroup: Cgroup): Promise<TestShop> {
  const directory = mkdtempSync(join(tmpdir(), 'otelcol-shop-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const certificate = createCertificate(directory);
  const places = {} as Record<PlaceName, Place>;
  const truthFile = (service: string): string => join(directory, `${service}.jsonl`);

  async function keep(name: PlaceName, starting: Promise<Server>, tlsPort = 0): Promise<Place> {
    const server = await starting;
    t.after(() => server.stop());
    places[name] = { port: server.port, tlsPort, pids: () => familyOf(server.pid) };
    return places[name];
  }

  async function service(
    name: ServiceName,
    others: Record<string, string>,
    as: PlaceName,
    secure = true,
    httpPort?: number,
  ) {
    const [port, tlsPort] = (await freePorts(2)) as [number, number];
    const tls = secure ? { tls: { port: tlsPort, certificate } } : {};
    const beside = httpPort === undefined ? {} : { httpPort };
    const options = { port, ...tls, ...beside, others, truth: truthFile(name) };
    return keep(as, startService(name, built, options), secure ? tlsPort : 0);
  }

  const mariadb = await keep('mariadb', startMariadb({ certificate }));
  mariadb.tlsPort = mariadb.port;
  runSql('mariadb', ['--no-defaults', '-h', '127.0.0.1', '-P', String(mariadb.port), '-u', 'root'], 'mariadb.sql');
  const postgresql = await keep('postgresql', startPostgresql());
  runSql('psql', ['-q', '-h', '127.0.0.1', '-p', String(postgresql.port), '-U', 'postgres'], 'postgresql.sql');
  const redisServer = await startRedis({ certificate });
  const redis = await keep('redis', Promise.resolve(redisServer), redisServer.tlsPort);
  const kafkaServer = await startKafka({ certificate });
  const kafka = await keep('kafka', Promise.resolve(kafkaServer), kafkaServer.tlsPort);

  const plain = { MARIADB: `tcp://127.0.0.1:${mariadb.port}`, REDIS: `tcp://127.0.0.1:${redis.port}` };
  const secure = { MARIADB: `tls://127.0.0.1:${mariadb.port}`, REDIS: `tls://127.0.0.1:${redis.tlsPort}` };
  const fpm = await service('promotions', plain, 'promotions-fpm', false);
  const [webPort, nginxPort, nginxTlsPort] = (await freePorts(3)) as [number, number, number];
  const web = await keep(
    'promotions',
    startProxy({ port: webPort, location: promotionsLocation(`127.0.0.1:${fpm.port}`) }),
  );
  const tls = { port: nginxTlsPort, certificate };
  await keep('nginx', startProxy({ port: nginxPort, tls, location: 'return 200 hello;' }), nginxTlsPort);
  const [stockPort] = (await freePorts(1)) as [number];
  const inventory = await service('inventory', plain, 'inventory', true, stockPort);
  const catalog = await service(
    'catalog',
    {
      ...plain,
      INVENTORY: `tcp://127.0.0.1:${inventory.port}`,
      INVENTORY_HTTP: `http://127.0.0.1:${stockPort}`,
      PROMOTIONS: `http://127.0.0.1:${web.port}`,
    },
    'catalog',
  );
  const accounts = await service('accounts', plain, 'accounts', false);
  await service('accounts', secure, 'accounts-tls');
  const stores = { POSTGRESQL: `tcp://127.0.0.1:${postgresql.port}`, KAFKA: `tcp://127.0.0.1:${kafka.port}` };
  const orders = await service('orders', { ...stores, ACCOUNTS: `http://127.0.0.1:${accounts.port}` }, 'orders', false);
  const asked = await service(
    'recommendations',
    { ...plain, CATALOG: `http://127.0.0.1:${catalog.port}` },
    'recommendations',
    false,
  );
  const secureCatalog = { ...secure, CATALOG: `https://127.0.0.1:${catalog.tlsPort}` };
  await service('recommendations', secureCatalog, 'recommendations-tls');
  await service(
    'storefront',
    {
      REDIS: plain.REDIS,
      CATALOG: `http://127.0.0.1:${catalog.port}`,
      ORDERS: `http://127.0.0.1:${orders.port}`,
      RECOMMENDATIONS: `http://127.0.0.1:${asked.port}`,
    },
    'storefront',
  );
  // On their only port.
  for (const name of ['accounts-tls', 'recommendations-tls'] as const) places[name].tlsPort = places[name].port;
  return {
    built,
    places,
    cgroup,
    truthOf: (name) => readTruth(truthFile(name)),
    truthFile,
  };
}

function runSql(program: string, args: readonly string[], file: string): void {
  const script = join(root, 'integration', 'services', 'sql', file);
  execFileSync('sh', ['-c', 'exec "$@" < "$0"', script, program, ...args], { stdio: 'pipe' });
}

function familyOf(pid: number): ReadonlySet<number> {
  const all = new Set([pid]);
  for (const member of all) for (const child of childrenOf(member)) all.add(child);
  return all;
}
