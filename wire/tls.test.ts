/** TLS and mutual TLS of both servers with certificates made by openssl, including certificates that change. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { createByteBudget } from './byte-budget.ts';
import { createGrpcClient } from './grpc/client.ts';
import { createGrpcServer } from './grpc/server.ts';
import { type Certificates, createCertificates } from './testing/certificates.ts';
import { createTlsServerOptions, readTlsClientOptions, type TlsSource } from './tls.ts';

let certificates: Certificates;
const cleanup: (() => unknown)[] = [];
const file = (name: string) => certificates.file(name);

before(() => {
  certificates = createCertificates(['server', 'server2', 'client']);
});
after(async () => {
  for (const end of cleanup) await end();
  certificates.remove();
});

const common: TlsSource = { includeSystemCaCertsPool: false, minVersion: 'TLSv1.2', reloadIntervalMs: 0 };

async function serve(source: Parameters<typeof createTlsServerOptions>[0]): Promise<number> {
  const server = createGrpcServer(new Map([['/x/Echo', async (message) => message]]), {
    maxReceiveMessageBytes: 1000,
    bodyIdleTimeoutMs: 60_000,
    maxConcurrentStreams: 100,
    budget: createByteBudget(10_000),
    keepalive: { timeMs: 0, timeoutMs: 0, maxConnectionIdleMs: 0, maxConnectionAgeMs: 0, maxConnectionAgeGraceMs: 0 },
    tls: createTlsServerOptions(source),
  });
  const address = await server.listen({ endpoint: '127.0.0.1:0', transport: 'tcp', reusePort: false });
  cleanup.push(() => server.close(0));
  return (address as AddressInfo).port;
}

function echo(port: number, source: Partial<Parameters<typeof readTlsClientOptions>[0]>): Promise<Uint8Array> {
  const options = readTlsClientOptions({ ...common, insecureSkipVerify: false, ...source });
  const client = createGrpcClient({
    target: { kind: 'tcp', host: '127.0.0.1', port, authority: `127.0.0.1:${port}`, tls: () => options },
    compression: 'none',
    metadata: {},
    keepalive: { timeMs: 0, timeoutMs: 1000 },
    maxReceiveMessageBytes: 1000,
  });
  cleanup.push(() => client.close());
  return client.call('/x/Echo', [Buffer.from('hi')], { timeoutMs: 3000 });
}

test('a client that trusts the authority is served', async () => {
  const port = await serve({ ...common, certFile: file('server.pem'), keyFile: file('server.key') });
  assert.equal(Buffer.from(await echo(port, { caFile: file('ca.pem') })).toString(), 'hi');
  assert.equal(Buffer.from(await echo(port, { caPem: readFileSync(file('ca.pem'), 'utf8') })).toString(), 'hi');
  assert.equal(Buffer.from(await echo(port, { insecureSkipVerify: true })).toString(), 'hi');
});

test('a client that does not trust the authority fails with the reason', async () => {
  const port = await serve({ ...common, certFile: file('server.pem'), keyFile: file('server.key') });
  await assert.rejects(echo(port, {}), { code: 'UNAVAILABLE', message: /unable to verify|self-signed/ });
});

test('with client_ca_file only clients with a certificate of that authority are served', async () => {
  const port = await serve({
    ...common,
    certFile: file('server.pem'),
    keyFile: file('server.key'),
    clientCaFile: file('ca.pem'),
  });
  const shown = { certFile: file('client.pem'), keyFile: file('client.key') };
  assert.equal(Buffer.from(await echo(port, { caFile: file('ca.pem'), ...shown })).toString(), 'hi');
  await assert.rejects(echo(port, { caFile: file('ca.pem') }), { code: 'UNAVAILABLE' });
});

test('a client of plain text and one of an old version are refused', async () => {
  const port = await serve({
    ...common,
    certFile: file('server.pem'),
    keyFile: file('server.key'),
    minVersion: 'TLSv1.3',
  });
  await assert.rejects(echo(port, { caFile: file('ca.pem'), maxVersion: 'TLSv1.2' }), { code: 'UNAVAILABLE' });
});

test('certificates that change are shown after the reload interval', async () => {
  const live = { certFile: file('live.pem'), keyFile: file('live.key') };
  copyFileSync(file('server.pem'), live.certFile);
  copyFileSync(file('server.key'), live.keyFile);
  const port = await serve({ ...common, ...live, reloadIntervalMs: 30 });
  assert.equal(await commonName(port), 'server');
  copyFileSync(file('server2.pem'), live.certFile);
  copyFileSync(file('server2.key'), live.keyFile);
  for (let i = 0; i < 50 && (await commonName(port)) !== 'server2'; i++)
    await new Promise((done) => setTimeout(done, 20));
  assert.equal(await commonName(port), 'server2');
});

test('a file that is not there is named', () => {
  assert.throws(
    () => createTlsServerOptions({ ...common, certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' }),
    {
      message: /^tls\.cert_file: cannot read \/nowhere\/cert\.pem: ENOENT/,
    },
  );
});

function commonName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
