/** Conversations of protocols of which no capture is at hand: real clients and servers talk on loopback, through a relay that keeps the pieces. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type SecureVersion } from 'node:tls';
import { createCertificates } from '../../wire/testing/certificates.ts';
import { root } from '../kit/collector.ts';
import type { Piece } from './parser-seeds.ts';

/** The pieces of each connection, in the order in which they came. */
export type Exchange = readonly Piece[];

const host = '127.0.0.1';
const file = join(root, '.cache', 'fuzz', 'exchanges.json');

/** Keys and masks are random, so the talk is held once and kept: a case that found something is found again. */
export async function exchanges(): Promise<Exchange[]> {
  if (!existsSync(file)) {
    const held = [...(await exchangeWebSocket()), ...(await exchangeTls())];
    mkdirSync(dirname(file), { recursive: true });
    const written = held.map((pieces) => pieces.map(({ side, bytes }) => [side, bytes.toString('base64')]));
    writeFileSync(file, JSON.stringify(written));
  }
  const kept = JSON.parse(readFileSync(file, 'utf8')) as [Piece['side'], string][][];
  return kept.map((pieces) => pieces.map(([side, text]) => ({ side, bytes: Buffer.from(text, 'base64'), lost: 0 })));
}

/** Undici's client and a server that speaks: short and long messages, in fragments too, pings, and a close by either side. */
async function exchangeWebSocket(): Promise<Exchange[]> {
  const server = createHttpServer();
  server.on('upgrade', (request, socket: Socket) => {
    const accept = createHash('sha1').update(
      `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write(`${head.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`);
    let turns = 0;
    socket.on('error', () => {});
    socket.on('data', () => {
      const answer = answers[turns++];
      if (answer === undefined) socket.end();
      else socket.write(answer);
    });
  });
  return exchange(server, async (port) => {
    for (const closes of [true, false]) {
      const client = new WebSocket(`ws://${host}:${port}/talk/42?token=secret`);
      client.binaryType = 'arraybuffer';
      await once(client, 'open');
      for (const message of ['hello', 'x'.repeat(300), new Uint8Array(70_000)]) {
        const answered = once(client, 'message');
        client.send(message);
        await answered;
      }
      const closed = once(client, 'close');
      if (closes) client.close(1000, 'enough');
      else client.send('end');
      await closed;
    }
  });
}

function frame(first: number, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload);
  if (body.length < 126) return Buffer.concat([Buffer.from([first, body.length]), body]);
  return Buffer.concat([Buffer.from([first, 126, body.length >> 8, body.length & 255]), body]);
}

/** What the server says to the first message, the second, …: text, a ping and three fragments, bytes, a close. */
const answers = [
  frame(0x81, 'welcome'),
  Buffer.concat([frame(0x89, 'are you there'), frame(0x01, 'a'), frame(0x00, 'b'.repeat(200)), frame(0x80, 'c')]),
  frame(0x82, Buffer.alloc(5000, 7)),
  frame(0x88, '\x03\xe9going away'),
];

/** OpenSSL on both sides: TLS 1.2 and 1.3, a client that wants the server's name and one that does not trust it. */
async function exchangeTls(): Promise<Exchange[]> {
  const certificates = createCertificates(['server']);
  try {
    const [key, cert, ca] = ['server.key', 'server.pem', 'ca.pem'].map((name) => readFileSync(certificates.file(name)));
    const server = createTlsServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => socket.pipe(socket));
    server.on('tlsClientError', () => {});
    return await exchange(server, async (port) => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as SecureVersion[]) {
        const options = { host, port, ALPNProtocols: ['h2'], minVersion: version, maxVersion: version };
        const trusting = connectTls({ ...options, ca, servername: 'localhost' });
        trusting.end('hello'.repeat(1000));
        await once(trusting.resume(), 'close');
        const doubting = connectTls(options);
        await once(doubting, 'error');
      }
    });
  } finally {
    certificates.remove();
  }
}

/** Runs clients against the server through a relay. */
async function exchange(server: Server, run: (port: number) => Promise<void>): Promise<Exchange[]> {
  const exchanges: Piece[][] = [];
  const relay = createServer((client) => {
    const pieces: Piece[] = [];
    exchanges.push(pieces);
    const upstream = connect((server.address() as AddressInfo).port, host);
    const pass = (side: Piece['side'], from: Socket, to: Socket): void => {
      from.on('data', (bytes: Buffer) => {
        pieces.push({ side, bytes, lost: 0 });
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
    };
    pass(0, client, upstream);
    pass(1, upstream, client);
  });
  try {
    for (const listener of [server, relay]) await once(listener.listen(0, host), 'listening');
    await run((relay.address() as AddressInfo).port);
  } finally {
    for (const listener of [relay, server]) listener.close();
  }
  return exchanges;
}
