/** TCP ports that are free on 127.0.0.1. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which the system gives ports to outgoing connections (32768 to 60999 on Linux): one of those may be
 * taken again between the moment it was found free and the moment the collector listens on it.
 */
const first = 12_000;
const count = 20_000;

/** Test files run side by side, so each begins somewhere else. */
let next = Math.floor(Math.random() * count);

export async function freePorts(wanted: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < wanted; tries++) {
    if (tries === count) throw new Error(`no ${wanted} ports are free between ${first} and ${first + count}`);
    const port = first + (next++ % count);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
