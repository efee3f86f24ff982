/**
 * Makes calls with Node's own HTTP/2 client or grpc-js and prints what it did, as client.py does.
 *
 * usage: node node-client.ts http2|http2_streams|grpc PORT COUNT CONCURRENCY
 */
import { once } from 'node:events';
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import type { ClientCall } from './client.ts';
import { greeter } from './greeter.ts';

const [scenario, portText, countText, concurrencyText] = process.argv.slice(2);
const port = Number(portText);
const calls: ClientCall[] = [];

/** Unix nanoseconds. */
const now = (): number => Math.round((performance.timeOrigin + performance.now()) * 1e6);

async function timed(method: string, target: string, run: () => Promise<string>): Promise<void> {
  const start = now();
  const status = await run();
  calls.push({ method, target, status, start, end: now() });
}

type Session = ReturnType<typeof connect>;

async function get(session: Session, path: string): Promise<string> {
  const stream = session.request({ ':path': path });
  let status = '';
  stream.on('response', (headers) => {
    status = String(headers[':status']);
  });
  stream.resume();
  await once(stream, 'end');
  return status;
}

function paths(worker: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const path = ['/small', '/large', '/status/404', '/status/500'][index % 4];
    return `${path}?call=${worker * 100_000 + index}`;
  });
}

/** One connection per worker, one call after the other. */
async function http2(worker: number, count: number): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, 'remoteSettings');
  for (const path of paths(worker, count)) {
    await sleep(1 + Math.random() * 4);
    await timed('GET', path, () => get(session, path));
  }
  session.close();
}

/** All streams of a connection at once. */
async function http2Streams(worker: number, count: number): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, 'remoteSettings');
  await Promise.all(paths(worker, count).map((path) => timed('GET', path, () => get(session, path))));
  session.close();
}

const Greeter = makeGenericClientConstructor(greeter, 'Greeter');

/** The metadata tells the calls apart; the method says what becomes of them. */
async function grpc(worker: number, count: number): Promise<void> {
  const client = new Greeter(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  await new Promise<void>((resolve, reject) =>
    client.waitForReady(Date.now() + 10_000, (error?: Error) => (error === undefined ? resolve() : reject(error))),
  );
  const names = ['say', 'refuse'] as const;
  for (let index = 0; index < count; index++) {
    const name = names[index % 2]!;
    await sleep(1 + Math.random() * 4);
    await timed(
      'POST',
      greeter[name].path,
      () =>
        new Promise((resolve) =>
          client[name]!(Buffer.from(`call ${worker} ${index}`), (error: ServiceError | null) =>
            resolve(error === null ? 'ok' : String(error.code)),
          ),
        ),
    );
  }
  client.close();
}

const run = { http2, http2_streams: http2Streams, grpc }[scenario!];
if (run === undefined) throw new Error(`${scenario} is none of http2, http2_streams, grpc`);
await Promise.all(Array.from({ length: Number(concurrencyText) }, (_, worker) => run(worker, Number(countText))));
for (const call of calls) console.log(JSON.stringify(call));
