/** Handshakes of node:tls over loopback, recorded on their way, and hellos by hand. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, createServer, type TlsOptions } from 'node:tls';
import type { Side } from '../message.ts';
import { hex, join, u8, u16 } from '../testing/bytes.ts';
import { playHostile } from '../testing/hostile.ts';
import { createTestStream, type TestStream } from '../testing/stream.ts';
import tls from './index.ts';

type Recording = [Side, Buffer][];

const folder = mkdtempSync(joinPath(tmpdir(), 'tls-test-'));
after(() => rmSync(folder, { recursive: true }));
execFileSync(
  'openssl',
  [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout key.pem -out cert.pem'.split(' '),
    ...['-subj', '/O=Test/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example,IP:127.0.0.1'],
  ],
  { cwd: folder, stdio: 'ignore' },
);
const key = readFileSync(joinPath(folder, 'key.pem'));
const cert = readFileSync(joinPath(folder, 'cert.pem'));

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** What passes between clients, one after the other, and a server. Unlike Node's, OpenSSL's client says why it refuses. */
async function record(
  serverOptions: TlsOptions,
  ...clients: (ConnectionOptions | 'openssl -tls1_2' | 'openssl -tls1_3')[]
): Promise<Recording[]> {
  const server = createServer({ key, cert, ...serverOptions }, (socket) => socket.on('error', () => {}).end('welcome'));
  server.on('tlsClientError', () => {});
  const serverPort = await listen(server);
  let recording: Recording = [];
  const proxy = createTcpServer((inner) => {
    const mine = recording;
    const outer = connectTcp(serverPort, '127.0.0.1');
    inner.on('data', (data) => mine.push([0, data])).pipe(outer);
    outer.on('data', (data) => mine.push([1, data])).pipe(inner);
    inner.on('error', () => {}).on('close', () => outer.destroy());
    outer.on('error', () => {}).on('close', () => inner.destroySoon());
  });
  const port = await listen(proxy);
  const recordings: Recording[] = [];
  let session: Buffer | undefined;
  for (const options of clients) {
    recording = [];
    recordings.push(recording);
    await new Promise<void>((resolve) => {
      if (typeof options === 'string') {
        const version = options.slice('openssl '.length);
        const command = ['s_client', '-connect', `127.0.0.1:${port}`, version, '-verify_return_error'];
        execFile('openssl', command, { timeout: 10_000 }, () => resolve());
        return;
      }
      const socket = connect({ port, host: '127.0.0.1', servername: 'shop.example', ca: cert, session, ...options });
      socket.on('session', (ticket) => {
        session = ticket;
      });
      socket
        .on('error', () => {})
        .on('close', () => resolve())
        .resume();
    });
  }
  proxy.close();
  server.close();
  return recordings;
}

function play(recording: Recording, pieces?: number): TestStream {
  const stream = createTestStream([tls], { serverPort: 4433, ...(pieces === undefined ? {} : { pieces }) });
  for (const [side, bytes] of recording) {
    if (side === 0) stream.client(bytes);
    else stream.server(bytes);
  }
  stream.finish(0);
  stream.finish(1);
  stream.close();
  return stream;
}

/** The only call's span as a map, whatever the pieces. */
function spanOf(recording: Recording): Map<string, string> {
  const [whole, ...others] = [undefined, 7, 1].map((pieces) => {
    const { calls } = play(recording, pieces);
    assert.equal(calls.length, 1);
    assert.equal(calls[0]!.outcome, 'answered');
    return calls[0]!.span;
  });
  for (const other of others) assert.equal(other, whole);
  const [name, text] = whole!.split(' | ') as [string, string];
  const pairs = text.split(/ (?=[a-z_.0-9]+=)/).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]);
  return new Map<string, string>([['name', name], ...pairs]);
}

function check(span: Map<string, string>, expected: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(expected)) assert.equal(span.get(name), value, name);
}

const tls12: ConnectionOptions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };
const [full, refused, noCommonProtocol, resumedRecording] = await (async () => {
  const [first, second] = await record(
    { ALPNProtocols: ['h2'] },
    { ...tls12, ALPNProtocols: ['h2', 'http/1.1'] },
    tls12,
  );
  const [bad] = await record({}, 'openssl -tls1_2');
  const [none] = await record({ ALPNProtocols: ['h2'] }, { ALPNProtocols: ['mqtt'] });
  return [first!, bad!, none!, second!];
})();

test('TLS 1.2: versions, cipher, ALPN and certificate', () => {
  const [call] = play(full).calls;
  assert.equal(call!.request!.method, 'ClientHello');
  assert.equal(call!.request!.domain, 'shop.example');
  assert.equal(call!.response!.version, '1.2');
  assert.equal(call!.response!.status, 'ok');
  assert.ok(call!.response!.timeNs > call!.request!.timeNs);
  const span = spanOf(full);
  check(span, {
    name: 'TLS handshake server',
    'tls.protocol.version': '1.2',
    'tls.cipher': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    'tls.next_protocol': 'h2',
    'tls.established': 'true',
    'tls.resumed': 'false',
    'tls.server.subject': 'CN=shop.example, O=Test',
    'tls.server.issuer': 'CN=shop.example, O=Test',
    'deepflow.tls.client.protocols': '[h2,http/1.1]',
    'deepflow.tls.server.alternative_names': '[shop.example,127.0.0.1]',
  });
  const days =
    (Date.parse(span.get('tls.server.not_after')!) - Date.parse(span.get('tls.server.not_before')!)) / 86_400_000;
  assert.equal(days, 30);
});

test('TLS 1.2: a session is resumed', () => {
  check(spanOf(resumedRecording), {
    'tls.resumed': 'true',
    'tls.established': 'true',
    'tls.server.subject': undefined,
  });
});

test('TLS 1.3: what is in the clear, and resumption', async () => {
  const [first, second] = await record({}, {}, {});
  check(spanOf(first!), {
    'tls.protocol.version': '1.3',
    'tls.cipher': 'TLS_AES_256_GCM_SHA384',
    'deepflow.tls.client.versions': '[1.3,1.2]',
    'tls.established': 'true',
    'tls.resumed': 'false',
  });
  check(spanOf(second!), { 'tls.resumed': 'true', 'tls.established': 'true' });
});

test('TLS 1.3: the server asks for another group', async () => {
  const [recording] = await record({ ecdhCurve: 'P-384' }, { ecdhCurve: 'X25519:P-384' });
  check(spanOf(recording!), {
    'deepflow.tls.hello_retry': 'true',
    'tls.curve': 'secp384r1',
    'tls.established': 'true',
  });
});

test('TLS 1.2: the client shows a certificate', async () => {
  const [recording] = await record({ requestCert: true, ca: cert }, { ...tls12, key, cert });
  check(spanOf(recording!), { 'tls.client.subject': 'CN=shop.example, O=Test', 'tls.established': 'true' });
});

test('TLS 1.3: the client shows a certificate, which the server takes or misses', async () => {
  const [taken, missed] = await record(
    { requestCert: true, ca: cert },
    { key, cert },
    { session: undefined, key, cert },
  );
  check(spanOf(taken!), { 'tls.established': 'true' });
  check(spanOf(missed!), { 'tls.established': 'true' });
  const [refusedLate] = await record({ requestCert: true, rejectUnauthorized: true, ca: cert }, {});
  check(spanOf(refusedLate!), {
    name: '!TLS handshake server',
    'error.type': 'encrypted_alert',
    'tls.established': 'false',
  });
});

test('alerts tell who ended it, and why', () => {
  check(spanOf(noCommonProtocol), {
    name: '!TLS handshake server',
    'error.type': 'no_application_protocol',
    'tls.established': 'false',
  });
  assert.equal(play(noCommonProtocol).calls[0]!.response!.status, 'server_error');
  assert.equal(play(noCommonProtocol).calls[0]!.response!.statusCode, 120);
});

test('a hello of any length of what there is', () => {
  const hello = full[0]![1];
  for (let length = 0; length <= hello.length; length++) {
    const { calls } = play([[0, hello.subarray(0, length)]]);
    assert.ok(calls.length <= 1);
    if (length > 200) assert.equal(calls[0]!.request!.domain, 'shop.example');
  }
});

test('a hello in many records', () => {
  const content = full[0]![1].subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < content.length; at += 20) {
    const part = content.subarray(at, at + 20);
    records.push(join(u8(22, 3, 1), u16(part.length), part));
  }
  check(spanOf([[0, Buffer.concat(records)], ...full.slice(1)]), {
    'tls.next_protocol': 'h2',
    'tls.established': 'true',
  });
});

test('GREASE is not told', () => {
  const extension = (type: number, body: Buffer) => join(u16(type), u16(body.length), body);
  const extensions = join(
    extension(0x1a1a, u8(0)),
    extension(43, join(u8(6), u16(0x7a7a), u16(0x0304), u16(0x0303))),
    extension(16, join(u16(8), u8(2, 0x4a, 0x4a), u8(2), 'h2', u8(1), 'x')),
  );
  const body = join(
    ...[u16(0x0303), Buffer.alloc(32), u8(0), u16(4), u16(0x2a2a), u16(0x1301), u8(1, 0)],
    ...[u16(extensions.length), extensions],
  );
  const message = join(u8(1, 0), u16(body.length), body);
  const alert = hex('15 0303 0002 02 28');
  const span = spanOf([
    [0, join(u8(22, 3, 1), u16(message.length), message)],
    [1, alert],
  ]);
  check(span, {
    'tls.client.supported_ciphers': '[TLS_AES_128_GCM_SHA256]',
    'deepflow.tls.client.versions': '[1.3,1.2]',
    'deepflow.tls.client.protocols': '[h2,x]',
    'error.type': 'handshake_failure',
  });
});

test('what was seen before lost bytes is told', () => {
  const stream = createTestStream([tls]);
  stream.client(full[0]![1]);
  stream.server(full[1]![1].subarray(0, 200));
  stream.gap(1, 500);
  stream.close();
  assert.equal(stream.calls.length, 1);
  assert.match(stream.calls[0]!.span, /tls\.next_protocol=h2/);
  assert.doesNotMatch(stream.calls[0]!.span, /tls\.established/);
});

test('a handshake the client breaks off', () => {
  const { calls } = play(refused);
  assert.equal(calls.length, 1);
  assert.equal(calls[0]!.response!.status, 'client_error');
  assert.equal(calls[0]!.response!.error, 'unknown_ca');
  assert.match(calls[0]!.span, /tls\.server\.subject=CN=shop\.example/);
});

test('TLS 1.3: a client refuses in the clear, or in a record with the length of an alert', async () => {
  const [recording] = await record({}, 'openssl -tls1_3');
  assert.equal(play(recording!).calls[0]!.response!.error, 'unknown_ca');
  const hellos = recording!.slice(0, 2);
  const encrypted = Buffer.alloc(19, 0xaa);
  const { calls } = play([...hellos, [0, join(hex('14 0303 0001 01 17 0303 0013'), encrypted)]]);
  assert.equal(calls.length, 1);
  assert.equal(calls[0]!.response!.status, 'client_error');
  assert.equal(calls[0]!.response!.error, 'encrypted_alert');
});

test('bad bytes do no harm', () => {
  const sides = ([0, 1] as const).map((side) =>
    Buffer.concat(full.filter(([one]) => one === side).map(([, bytes]) => bytes)),
  );
  playHostile(tls, [[sides[0]!, sides[1]!]], 5000);
});
