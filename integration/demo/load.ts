/**
 * Customers of the shop: `node load.ts URL RATE` asks for RATE pages a second, more or less, until it is stopped, and prints a line every
 * ten seconds. Never more than 64 wait at once: a slow shop gets fewer.
 */
import { Agent, request } from 'node:http';

const [url, rate] = [process.argv[2]!, Number(process.argv[3])];
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const counts = { pages: 0, failed: 0, left: 0 };
let waiting = 0;
let due = 0;

const random = (below: number): number => Math.floor(Math.random() * below);

/** What customers do, each with its share. Some ask for what is not there, some may not buy, some searches are slow. */
const pages: [share: number, method: string, path: () => string][] = [
  [25, 'GET', () => '/'],
  [40, 'GET', () => `/product/${1 + random(190)}`],
  [3, 'GET', () => `/product/${900 + random(50)}`],
  [8, 'GET', () => `/search/${['tea', 'coffee', 'cocoa', 'mate'][random(4)]}`],
  [10, 'POST', () => `/basket/${1 + random(500)}/${1 + random(190)}`],
  [9, 'POST', () => `/checkout/${1 + random(520)}/${1 + random(210)}`],
  [4, 'GET', () => `/orders/${1 + random(300)}`],
  [1, 'GET', () => '/favicon.ico'],
];
const shares = pages.reduce((sum, [share]) => sum + share, 0);

function choose(): { method: string; path: string } {
  let at = random(shares);
  const found = pages.find(([share]) => {
    at -= share;
    return at < 0;
  })!;
  return { method: found[1], path: found[2]() };
}

function ask(): void {
  waiting++;
  const { method, path } = choose();
  const call = request(`${url}${path}`, { method, agent, timeout: 10_000 }, (response) => {
    response.resume();
    response.on('end', () => {
      waiting--;
      counts.pages++;
      if (response.statusCode! >= 400) counts.failed++;
    });
  });
  call.on('timeout', () => call.destroy());
  call.on('error', () => {
    waiting--;
    counts.failed++;
  });
  call.end();
}

setInterval(() => {
  due = Math.min(due + rate / 50, 64);
  for (; due >= 1; due--) {
    if (waiting < 64) ask();
    else counts.left++;
  }
}, 20);

setInterval(() => {
  const { pages: asked, failed, left } = counts;
  console.log(
    `${asked} pages, ${failed} of them refused${left > 0 ? `, ${left} not asked for because the shop was slow` : ''}`,
  );
}, 10_000);
