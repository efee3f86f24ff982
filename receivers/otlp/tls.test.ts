/** The OTLP receiver behind mutual TLS, from its YAML to a grpc-js and an https client. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { parseConfig } from '../../component/parse.ts';
import { createTestContext } from '../../component/testing/context.ts';
import { grpcExportPaths } from '../../pdata/otlp/service-paths.ts';
import { type Certificates, createCertificates } from '../../wire/testing/certificates.ts';
import otlp from './index.ts';

let certificates: Certificates;
const cleanup: (() => unknown)[] = [];
before(() => {
  certificates = createCertificates(['server', 'client']);
});
after(async () => {
  for (const end of cleanup) await end();
  certificates.remove();
});

async function start(): Promise<{ grpcUrl: string; httpUrl: string }> {
  const tls = {
    cert_file: certificates.file('server.pem'),
    key_file: certificates.file('server.key'),
    client_ca_file: certificates.file('ca.pem'),
  };
  const parsed = parseConfig(otlp.config, {
    protocols: { grpc: { endpoint: '127.0.0.1:0', tls }, http: { endpoint: '127.0.0.1:0', tls } },
  });
  assert.ok(parsed.ok);
  const context = createTestContext(parsed.value, { id: 'otlp' });
  const receiver = otlp.create(context, { traces: async () => {} });
  await receiver.start!();
  cleanup.push(() => receiver.shutdown!());
  const [first, second] = context.listeners;
  return { grpcUrl: first!.url, httpUrl: second!.url };
}

const pem = (name: string) => readFileSync(certificates.file(name));

for (const shown of [true, false]) {
  test(`a gRPC client ${shown ? 'with' : 'without'} a certificate is ${shown ? 'served' : 'refused'}`, async () => {
    const { grpcUrl } = await start();
    const own = shown ? [pem('client.key'), pem('client.pem')] : [];
    const client = new grpc.Client(grpcUrl.replace('https://', ''), grpc.credentials.createSsl(pem('ca.pem'), ...own));
    cleanup.push(() => client.close());
    const identity = (bytes: Buffer) => bytes;
    const error = await new Promise<grpc.ServiceError | null>((resolve) => {
      const options = { deadline: Date.now() + 3000 };
      client.makeUnaryRequest(
        grpcExportPaths.traces,
        identity,
        identity,
        Buffer.alloc(0),
        new grpc.Metadata(),
        options,
        resolve,
      );
    });
    assert.equal(error?.code, shown ? undefined : grpc.status.UNAVAILABLE);
  });

  test(`an HTTPS client ${shown ? 'with' : 'without'} a certificate is ${shown ? 'served' : 'refused'}`, async () => {
    const { httpUrl } = await start();
    const own = shown ? { key: pem('client.key'), cert: pem('client.pem') } : {};
    const headers = { 'content-type': 'application/json' };
    const sent = request(`${httpUrl}/v1/traces`, { method: 'POST', ca: pem('ca.pem'), headers, ...own });
    sent.end('{}');
    const outcome = await Promise.race([
      once(sent, 'response').then(([response]) => response.resume().statusCode),
      once(sent, 'close').then(() => 'closed'),
    ]).catch((error) => error.code);
    assert.equal(outcome === 200, shown, String(outcome));
  });
}
