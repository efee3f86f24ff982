/** Starts the shop in its two namespaces: databases, services, and nginx in front of them. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { startKafka } from '../servers/kafka.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startPostgresql } from '../servers/postgresql.ts';
import type { Server } from '../servers/server.ts';
import { startRedis } from '../servers/simple.ts';
import type { Built } from '../services/build.ts';
import { startProxy } from '../services/nginx.ts';
import { promotionsLocation, type ServiceName, type ServiceOptions, startService } from '../services/start.ts';
import { back, front } from './network.ts';

const sql = join(import.meta.dirname, '..', 'services', 'sql');
/** Ports are the usual ones: the namespaces are the shop's own. */
const at = { mariadb: 3306, postgresql: 5432, redis: 6379, kafka: 9092, http: 80 };

export interface Shop {
  /** Where a browser inside shop-front would look. */
  url: string;
  /** What runs, in the order in which it was started. */
  servers: readonly Server[];
}

/** Says what begins; the promise is of that step. */
export type Step = <T>(title: string, work: () => Promise<T>) => Promise<T>;

/** Servers are put into `servers` as they start, so that those can be stopped when another one fails. */
export async function startShop(built: Built, certificate: Certificate, step: Step, servers: Server[]): Promise<Shop> {
  const keep = async (server: Promise<Server>): Promise<void> => void servers.push(await server);
  const inBack = { namespace: back.namespace };
  await step('MariaDB, PostgreSQL, Redis (shop-back)', async () => {
    await keep(startMariadb({ ...inBack, port: at.mariadb }));
    runSql('mariadb', ['--no-defaults', '-h', '127.0.0.1', '-P', String(at.mariadb), '-u', 'root'], 'mariadb.sql');
    await keep(startPostgresql({ ...inBack, port: at.postgresql }));
    runSql('psql', ['-q', '-h', '127.0.0.1', '-p', String(at.postgresql), '-U', 'postgres'], 'postgresql.sql');
    await keep(startRedis({ ...inBack, port: at.redis }));
  });
  await step('Kafka (shop-back)', () => keep(startKafka({ ...inBack, port: at.kafka })));

  const local = '127.0.0.1';
  const stores = {
    MARIADB: `tcp://${local}:${at.mariadb}`,
    POSTGRESQL: `tcp://${local}:${at.postgresql}`,
    REDIS: `tcp://${local}:${at.redis}`,
    KAFKA: `tcp://${local}:${at.kafka}`,
  };
  const start = (name: ServiceName, place: typeof front, options: Omit<ServiceOptions, 'namespace'>) =>
    keep(startService(name, built, { ...options, namespace: place.namespace }));

  await step('promotions: PHP behind nginx (shop-back)', async () => {
    await start('promotions', back, { port: 9000, others: stores });
    const location = promotionsLocation(`${local}:9000`);
    await keep(startProxy({ ...inBack, port: 8085, location, program: 'promotions' }));
  });
  await step('inventory: Go, gRPC (shop-back)', () =>
    start('inventory', back, { port: 8086, httpPort: 8087, others: stores }),
  );
  await step('catalog: Go, HTTP and HTTPS (shop-back)', () => {
    const others = { ...stores, INVENTORY: `tcp://${local}:8086`, PROMOTIONS: `http://${local}:8085` };
    return start('catalog', back, { host: back.address, port: 8081, tls: { port: 8443, certificate }, others });
  });
  await step('accounts: Python, a thread a request (shop-back)', () =>
    start('accounts', back, { port: 8083, others: stores }),
  );
  await step('orders: Java (shop-back)', () =>
    start('orders', back, { host: back.address, port: 8082, others: { ...stores, ACCOUNTS: `http://${local}:8083` } }),
  );
  await step('shipping: Go, reads Kafka (shop-back)', () => {
    const others = { INVENTORY: `http://${local}:8087`, ORDERS: `http://${back.address}:8082` };
    return start('shipping', back, { port: 0, others: { ...stores, ...others } });
  });
  await step('Redis for baskets and recommendations (shop-front)', () =>
    keep(startRedis({ namespace: front.namespace, port: at.redis })),
  );
  await step('recommendations: Python, asyncio; asks catalog over HTTPS (shop-front)', () => {
    const others = { CATALOG: `https://${back.address}:8443`, REDIS: stores.REDIS };
    return start('recommendations', front, { port: 8084, others });
  });
  await step('storefront: Node.js (shop-front)', () => {
    const others = {
      CATALOG: `http://${back.address}:8081`,
      ORDERS: `http://${back.address}:8082`,
      RECOMMENDATIONS: `http://${local}:8084`,
      REDIS: stores.REDIS,
    };
    return start('storefront', front, { port: 8080, others });
  });
  await step('nginx before it all (shop-front)', () => {
    const upstreams = { storefront: `${local}:8080` };
    const location = 'proxy_pass http://storefront;';
    return keep(startProxy({ namespace: front.namespace, port: at.http, location, upstreams }));
  });
  return { url: `http://${local}:${at.http}`, servers };
}

function runSql(program: string, args: readonly string[], file: string): void {
  const inside = [`--net=/run/netns/${back.namespace}`, '--', program, ...args];
  execFileSync('sh', ['-c', 'exec nsenter "$@" < "$0"', join(sql, file), ...inside], { stdio: 'pipe' });
}
