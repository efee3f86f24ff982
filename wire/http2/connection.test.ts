/** The HTTP/2 server side against node:http2 clients with odd settings and against hostile bytes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import { after, describe, test } from 'node:test';
import { Http2Connection } from './connection.ts';
import { flags, frame, frameTypes } from './frames.ts';
import { type Headers, writeHeaderBlock } from './hpack.ts';

const cleanup: (() => unknown)[] = [];
after(async () => {
  for (const end of cleanup) await end();
});

const okHeaders = writeHeaderBlock({ ':status': '200', 'x-long': 'y'.repeat(300) });
const trailers = writeHeaderBlock({ 'x-trailer': 'end' });

interface Seen {
  headers: Headers;
  body: Buffer;
}

/** Answers each request, when it is complete, with its body. */
async function serve() {
  const seen: Seen[] = [];
  const connections = new Set<Http2Connection>();
  const server = net.createServer((socket) => {
    const connection = new Http2Connection(
      socket,
      { maxConcurrentStreams: 100, maxHeaderListBytes: 16_384 },
      {
        open(stream, headers) {
          const parts: Buffer[] = [];
          return {
            data: (part) => void parts.push(Buffer.from(part)),
            end() {
              const body = Buffer.concat(parts);
              seen.push({ headers, body });
              stream.answer(okHeaders, body, trailers);
            },
            closed() {},
          };
        },
        closed: () => connections.delete(connection),
      },
    );
    connections.add(connection);
    socket.on('data', (bytes) => connection.receive(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  cleanup.push(() => {
    for (const connection of connections) connection.destroy();
    server.close();
  });
  return { port, seen, connections };
}

async function request(session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body: Buffer) {
  const stream = session.request({ ':method': 'POST', ':path': '/', ...headers });
  stream.end(body);
  const received: Buffer[] = [];
  stream.on('data', (chunk) => received.push(chunk));
  let end: http2.IncomingHttpHeaders = {};
  stream.on('trailers', (got) => {
    end = got;
  });
  await once(stream, 'end');
  return { body: Buffer.concat(received), trailers: end };
}

describe('node:http2 clients', () => {
  const clientSettings: [string, http2.Settings][] = [
    ['default settings', {}],
    ['a window of 10 bytes', { initialWindowSize: 10 }],
    ['a window of 100,000 bytes', { initialWindowSize: 100_000 }],
    ['no header table', { headerTableSize: 0 }],
    ['large frames', { maxFrameSize: 2 ** 24 - 1 }],
  ];
  for (const [name, settings] of clientSettings) {
    test(`with ${name} get back what they sent`, async () => {
      const { port } = await serve();
      const session = http2.connect(`http://127.0.0.1:${port}`, { settings });
      cleanup.push(() => session.destroy());
      for (const sizeBytes of [0, 1, 200, 16_384, 16_385, 150_000]) {
        const body = Buffer.alloc(sizeBytes, 'abcdefg');
        const answer = await request(session, {}, body);
        assert.ok(answer.body.equals(body), `${sizeBytes}: ${answer.body.length}`);
        assert.equal(answer.trailers['x-trailer'], 'end');
      }
    });
  }

  test('may send any header, again and again, Huffman coded, indexed or not', async () => {
    const { port, seen } = await serve();
    const session = http2.connect(`http://127.0.0.1:${port}`);
    cleanup.push(() => session.destroy());
    const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
      .join('')
      .trim();
    const high = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i)).join('');
    for (let i = 0; i < 200; i++) {
      const headers = {
        'x-printable': printable,
        'x-high': high,
        [`x-name-${i % 70}`]: `value ${i} ${'z'.repeat(i * 3)}`,
        [http2.sensitiveHeaders]: i % 2 ? ['x-printable'] : [],
      };
      await request(session, headers, Buffer.alloc(0));
      const got = seen.at(-1)!.headers;
      assert.equal(got['x-printable'], printable);
      assert.equal(got['x-high'], high);
      assert.equal(got[`x-name-${i % 70}`], `value ${i} ${'z'.repeat(i * 3)}`);
    }
  });

  test('may ping', async () => {
    const { port, connections } = await serve();
    const session = http2.connect(`http://127.0.0.1:${port}`);
    cleanup.push(() => session.destroy());
    await once(session, 'connect');
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
    const [connection] = connections;
    await new Promise<void>((resolve) => connection!.ping(resolve));
  });
});

describe('hostile bytes', () => {
  const hello = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameTypes.SETTINGS, 0, 0)]);
  const get = writeHeaderBlock({ ':method': 'POST', ':scheme': 'http', ':path': '/' });

  /** Sends the bytes and resolves to what came back once the server hung up. */
  async function provoke(port: number, bytes: readonly Buffer[]): Promise<Buffer> {
    const socket = net.connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    socket.on('error', () => {});
    for (const chunk of bytes) if (!socket.destroyed) socket.write(chunk);
    await once(socket, 'close');
    return Buffer.concat(received);
  }

  const cases: [string, () => Buffer[], number, RegExp][] = [
    ['HTTP/1.1', () => [Buffer.from('POST /v1/traces HTTP/1.1\r\nhost: x\r\n\r\n')], 1, /speaks HTTP\/2/],
    ['a frame of 16 MiB', () => [hello, Buffer.from('ffffff000000000001', 'hex')], 6, /more than the 16384 allowed/],
    [
      'CONTINUATION without end',
      () => [
        hello,
        frame(frameTypes.HEADERS, 0, 1, get),
        ...Array.from({ length: 30 }, () => frame(frameTypes.CONTINUATION, 0, 1)),
      ],
      11,
      /too many frames/,
    ],
    [
      'a header block that unfolds to megabytes',
      () => {
        const large = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0x81, 0x1e]), Buffer.alloc(4000, 'v')]);
        return [
          hello,
          frame(frameTypes.HEADERS, flags.END_HEADERS, 1, Buffer.concat([get, large, Buffer.alloc(2000, 0xbe)])),
        ];
      },
      11,
      /headers larger than 16384 bytes/,
    ],
    [
      'streams opened and reset without end',
      () => {
        const flood: Buffer[] = [hello];
        for (let id = 1; id < 3000; id += 2) {
          flood.push(
            frame(frameTypes.HEADERS, flags.END_HEADERS, id, get),
            frame(frameTypes.RST_STREAM, 0, id, Buffer.alloc(4)),
          );
        }
        return flood;
      },
      11,
      /too many streams are reset/,
    ],
    [
      'DATA on a stream that is not open',
      () => [hello, frame(frameTypes.DATA, 0, 5, Buffer.from('x'))],
      1,
      /was not opened/,
    ],
    [
      'an integer without end',
      () => [hello, frame(frameTypes.HEADERS, flags.END_HEADERS, 1, Buffer.alloc(20, 0xff))],
      9,
      /too large/,
    ],
  ];
  for (const [name, bytes, code, message] of cases) {
    test(`${name} ends the connection with the reason, and others are served`, async () => {
      const { port } = await serve();
      const answer = await provoke(port, bytes());
      const goaway = lastFrame(answer, frameTypes.GOAWAY);
      assert.equal(goaway.readUInt32BE(4), code);
      assert.match(goaway.subarray(8).toString(), message);
      const session = http2.connect(`http://127.0.0.1:${port}`);
      cleanup.push(() => session.destroy());
      assert.equal((await request(session, {}, Buffer.from('hi'))).body.toString(), 'hi');
    });
  }

  test('pings whose answers nobody reads are not collected without end', async () => {
    const { port } = await serve();
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(hello);
    const pings = Buffer.concat(Array.from({ length: 4000 }, () => frame(frameTypes.PING, 0, 0, Buffer.alloc(8))));
    let closed = false;
    socket.once('close', () => {
      closed = true;
    });
    for (let i = 0; i < 1000 && !closed; i++) {
      if (!socket.destroyed) socket.write(pings);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.ok(closed);
  });

  test('random frames, whole and cut, never do more than end their connection', async () => {
    const { port } = await serve();
    const random = generator(20_261_121);
    const below = (n: number) => Math.floor(random() * n);
    const rounds: Promise<unknown>[] = [];
    for (let round = 0; round < 300; round++) {
      const bytes: Buffer[] = [hello];
      for (let i = below(30); i >= 0; i--) {
        const payload = Buffer.from(Array.from({ length: below(40) }, () => below(256)));
        const id = below(4) === 0 ? below(2 ** 31) : below(9);
        const block = below(2) === 0 ? Buffer.concat([get, payload.subarray(0, below(3))]) : payload;
        bytes.push(frame(below(11), below(256), id, block));
      }
      const all = Buffer.concat(bytes);
      rounds.push(throwAt(port, all.subarray(0, all.length - below(10)), below(50) + 1));
    }
    await Promise.all(rounds);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    cleanup.push(() => session.destroy());
    assert.equal((await request(session, {}, Buffer.from('hi'))).body.toString(), 'hi');
  });

  /** Sends the bytes in pieces and hangs up. */
  async function throwAt(port: number, bytes: Buffer, pieceBytes: number): Promise<void> {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    for (let at = 0; at < bytes.length && !socket.destroyed; at += pieceBytes) {
      socket.write(bytes.subarray(at, at + pieceBytes));
      if (at % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
    await once(socket, 'close');
  }
});

/** The payload of the last frame of a type. */
function lastFrame(bytes: Buffer, type: number): Buffer {
  let found: Buffer | undefined;
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === type) found = bytes.subarray(at + 9, at + 9 + bytes.readUIntBE(at, 3));
  }
  assert.ok(found, `no frame of type ${type} in ${bytes.toString('hex')}`);
  return found;
}

/** A small deterministic generator, so that a failure can be repeated (mulberry32). */
function generator(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
