/** Records one connection that carries a lot of bytes of no protocol at all. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { record } from './record.ts';

const totalBytes = 400 * 1024 * 1024;

export async function recordBulk(file: string): Promise<void> {
  const server = createServer((socket) => socket.resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await record(file, `tcp port ${port}`, () => send(port));
  } finally {
    server.close();
  }
}

async function send(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const piece = Buffer.alloc(256 * 1024);
  for (let index = 0; index < piece.length; index++) piece[index] = (index * 131 + (index >> 8)) & 0xff;
  for (let sent = 0; sent < totalBytes; sent += piece.length) if (!socket.write(piece)) await once(socket, 'drain');
  socket.end();
  await once(socket, 'close');
}
