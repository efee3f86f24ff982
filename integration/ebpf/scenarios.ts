/** Which clients ask which servers, plain and over TLS, and at which side those calls can be seen. */
import type { ClientRun } from './client.ts';
import type { PlaceName, TestShop } from './shop.ts';

export interface Scenario {
  name: string;
  server: PlaceName;
  protocol: ClientRun['protocol'];
  tls: boolean;
  paths?: readonly string[];
  /** False: the server encrypts in a runtime whose memory is not read (Java). */
  seenAtServer?: false;
}

const product = ['GET /products/7', 'GET /products/999', 'GET /products/33', 'GET /nothing'];
const account = ['GET /accounts/3', 'GET /accounts/20', 'GET /accounts/999'];
const recommendation = ['GET /recommendations/5', 'GET /recommendations/x', 'GET /recommendations/77'];
const page = ['GET /product/7', 'POST /basket/3/4', 'GET /', 'GET /nothing'];

export const scenarios: readonly Scenario[] = [
  { name: 'nginx', server: 'nginx', protocol: 'http1', tls: false, paths: ['GET /'] },
  { name: 'nginx, TLS', server: 'nginx', protocol: 'http1', tls: true, paths: ['GET /'] },
  { name: 'nginx, TLS, HTTP/2', server: 'nginx', protocol: 'http2', tls: true, paths: ['GET /'] },
  { name: 'Go', server: 'catalog', protocol: 'http1', tls: false, paths: product },
  { name: 'Go, TLS', server: 'catalog', protocol: 'http1', tls: true, paths: product },
  { name: 'Go, HTTP/2', server: 'catalog', protocol: 'http2', tls: false, paths: product },
  { name: 'Go, TLS, HTTP/2', server: 'catalog', protocol: 'http2', tls: true, paths: product },
  { name: 'Go, gRPC', server: 'inventory', protocol: 'grpc', tls: false },
  { name: 'Go, gRPC, TLS', server: 'inventory', protocol: 'grpc', tls: true },
  { name: 'Java', server: 'orders', protocol: 'http1', tls: false, paths: ['POST /orders', 'GET /orders/1'] },
  { name: 'Python, threads', server: 'accounts', protocol: 'http1', tls: false, paths: account },
  { name: 'Python, threads, TLS', server: 'accounts-tls', protocol: 'http1', tls: true, paths: account },
  { name: 'Python, asyncio', server: 'recommendations', protocol: 'http1', tls: false, paths: recommendation },
  { name: 'Python, asyncio, TLS', server: 'recommendations-tls', protocol: 'http1', tls: true, paths: recommendation },
  { name: 'Node.js', server: 'storefront', protocol: 'http1', tls: false, paths: page },
  { name: 'Node.js, TLS', server: 'storefront', protocol: 'http1', tls: true, paths: page },
  { name: 'PHP behind nginx', server: 'promotions', protocol: 'http1', tls: false, paths: ['GET /promotions/3'] },
  { name: 'MariaDB', server: 'mariadb', protocol: 'mysql', tls: false },
  { name: 'MariaDB, TLS', server: 'mariadb', protocol: 'mysql', tls: true },
  { name: 'Redis', server: 'redis', protocol: 'redis', tls: false },
  { name: 'Redis, TLS', server: 'redis', protocol: 'redis', tls: true },
  { name: 'Kafka', server: 'kafka', protocol: 'kafka', tls: false },
  { name: 'Kafka, TLS', server: 'kafka', protocol: 'kafka', tls: true, seenAtServer: false },
];

/** The run of a scenario with so many clients at once. */
export function runOf({ server, protocol, tls, paths }: Scenario, shop: TestShop, concurrency: number): ClientRun {
  const { port, tlsPort } = shop.places[server];
  const http = protocol === 'http1' || protocol === 'http2';
  const scheme = `${http ? 'http' : 't'}${tls ? (http ? 's' : 'ls') : http ? '' : 'cp'}`;
  const place = `${scheme}://127.0.0.1:${tls ? tlsPort : port}`;
  const load = concurrency === 1 ? { count: 100, pauseMs: 4 } : { count: 8, pauseMs: 250 };
  return { protocol, place, concurrency, ...load, ...(paths === undefined ? {} : { paths }) };
}
