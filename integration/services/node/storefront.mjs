/** The storefront: what a browser asks; it asks catalog, recommendations, orders and, for baskets, Redis. */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { createServer as createTlsServer, Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { redis } from './redis.mjs';
import { begin, marked } from './truth.mjs';

const { HTTP, HTTPS, CATALOG, RECOMMENDATIONS, ORDERS, REDIS, CERTIFICATE, CERTIFICATE_KEY } = process.env;
const agent = new Agent({ keepAlive: true });
const tlsAgent = new TlsAgent({ keepAlive: true, rejectUnauthorized: false });

const pages = [
  [/^GET \/$/, home],
  [/^GET \/product\/(\d+)$/, product],
  [/^GET \/search\/(\w+)$/, search],
  [/^POST \/basket\/(\d+)\/(\d+)$/, basket],
  [/^POST \/checkout\/(\d+)\/(\d+)$/, checkout],
  [/^GET \/orders\/(\d+)$/, order],
];

async function home(noted) {
  return send(noted, 'GET', CATALOG, '/products');
}

async function product(noted, number) {
  const [shown, others] = await Promise.all([
    send(noted, 'GET', CATALOG, `/products/${number}`),
    send(noted, 'GET', RECOMMENDATIONS, `/recommendations/${number}`),
  ]);
  return { status: shown.status, body: shown.body + others.body };
}

function search(noted, word) {
  return send(noted, 'GET', CATALOG, `/search/${word}`);
}

async function basket(noted, customer, number) {
  await redis(noted, REDIS, 'SET', `basket:${customer}`, number);
  return { status: 204, body: '' };
}

async function checkout(noted, account, number) {
  const made = await send(noted, 'POST', ORDERS, '/orders', JSON.stringify({ account, product: number }));
  if (made.status === 201) await redis(noted, REDIS, 'DEL', `basket:${account}`);
  return made;
}

function order(noted, number) {
  return send(noted, 'GET', ORDERS, `/orders/${number}`);
}

async function answer(incoming, response) {
  const noted = begin('storefront', incoming);
  incoming.resume();
  let page = { status: 404, body: 'no such page' };
  const asked = `${incoming.method} ${incoming.url.split('?')[0]}`;
  for (const [pattern, show] of pages) {
    const found = pattern.exec(asked);
    if (found !== null) {
      page = await show(noted, ...found.slice(1)).catch((error) => ({ status: 502, body: String(error) }));
      break;
    }
  }
  response.writeHead(page.status);
  response.end(page.body, () => noted.finish(page.status));
}

/** One request and its whole answer. */
function send(noted, method, base, path, body = '') {
  const target = marked('storefront', path);
  const url = new URL(target, base);
  const tls = url.protocol === 'https:';
  return noted.call({ protocol: 'http', address: url.host, method, target, tls }, async () => {
    const value = await new Promise((resolve, reject) => {
      const options = { method, agent: tls ? tlsAgent : agent };
      const call = (tls ? tlsRequest : request)(url, options, (response) => {
        const chunks = [];
        const { localPort } = response.socket;
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString(), localPort }),
        );
      });
      call.on('error', reject);
      call.end(body);
    });
    return { status: String(value.status), localPort: value.localPort, value };
  });
}

function listen(server, place) {
  const [host, port] = place.split(':');
  server.listen(Number(port), host);
}

if (HTTP !== undefined) listen(createServer(answer), HTTP);
if (HTTPS !== undefined) {
  const keys = { cert: readFileSync(CERTIFICATE), key: readFileSync(CERTIFICATE_KEY) };
  listen(createTlsServer(keys, answer), HTTPS);
}
