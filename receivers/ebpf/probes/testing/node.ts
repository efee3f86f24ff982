/** A Node.js process that is HTTPS server and client at once: `node.ts CERT KEY CONNECTIONS REQUESTS [PAUSE_MS]`, begins when a line comes in. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';

const [certPath, keyPath, connections, requests, pause = '0'] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const cert = readFileSync(certPath);
const server = createServer({ cert, key: readFileSync(keyPath) }, (request, response) => {
  response.end(`port=${request.socket.remotePort};`);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
console.log(JSON.stringify({ pid: process.pid, port }));

async function client(): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  for (let i = 0; i < Number(requests); i++) {
    socket.write(`GET /?port=${socket.localPort}; HTTP/1.1\r\nhost: a\r\n\r\n`);
    let text = '';
    while (!text.includes(';')) {
      const [data] = (await once(socket, 'data')) as [Buffer];
      text += data.toString('latin1').split('port=')[1] ?? '';
    }
    if (!text.startsWith(`${socket.localPort};`)) throw new Error(`wrong answer: ${text}`);
    if (pause !== '0' || i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, Number(pause) + (i % 5)));
  }
  socket.end();
}

await once(process.stdin, 'data');
await Promise.all(Array.from({ length: Number(connections) }, client));
console.log('done');
await once(process.stdin, 'data');
process.exit();
