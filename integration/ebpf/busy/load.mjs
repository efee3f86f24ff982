/**
 * Asks over HTTP and TLS on and on, in Node.js.
 *
 * usage: load.mjs PORT COUNT PAUSE   over COUNT connections that stay open, and over as many more for each line of input; what it did is in the
 *                                    file that TRUTH names, see services/node/truth.mjs
 */
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { begin, marked } from '../../services/node/truth.mjs';

const [port, count, pause] = process.argv.slice(2).map(Number);

function open() {
  for (let i = 0; i < count; i++) work();
}

/** One connection. */
async function work() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  for (;;) {
    await sleep(pause * (0.5 + Math.random()) * 1000);
    const target = marked('node', '/page');
    const noted = begin('node', { socket: {}, method: '', url: '' });
    const facts = { protocol: 'http', address: `127.0.0.1:${port}`, method: 'GET', target, tls: true };
    await noted.call(facts, () => get(agent, target));
    noted.finish('');
  }
}

function get(agent, path) {
  return new Promise((resolve, reject) => {
    request({ agent, host: '127.0.0.1', port, path }, (response) => {
      const { localPort } = response.socket;
      const status = String(response.statusCode);
      response.resume().on('end', () => resolve({ status, localPort }));
    })
      .on('error', reject)
      .end();
  });
}

open();
createInterface(process.stdin).on('line', open);
