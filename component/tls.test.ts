/** The `tls` blocks: what is refused in YAML, and what an operator is told about files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { parseConfig } from './parse.ts';
import { tlsClient, tlsServer } from './schemas/tls.ts';
import { tlsClientOptions, tlsServerOptions } from './tls.ts';

const schema = z.strictObject({ server: tlsServer(), client: tlsClient() });

describe('refuses', () => {
  const cases: [string, object, string[], RegExp][] = [
    ['a server without certificate', { server: {} }, ['server'], /needs a certificate to speak TLS/],
    ['a certificate without key', { server: { cert_file: 'a' } }, ['server'], /needs its private key/],
    ['file and text of one thing', { client: { ca_file: 'a', ca_pem: 'b' } }, ['client'], /not both/],
    ['an unknown version', { client: { min_version: '1.4' } }, ['client', 'min_version'], /1\.2/],
    [
      'a cipher suite by another name',
      { client: { cipher_suites: ['ECDHE'] } },
      ['client', 'cipher_suites', '0'],
      /TLS_ECDHE/,
    ],
  ];
  for (const [name, input, path, message] of cases) {
    test(name, () => {
      const parsed = parseConfig(schema, input);
      assert.ok(!parsed.ok);
      assert.deepEqual(parsed.issues[0]!.path, path);
      assert.match(parsed.issues[0]!.message, message);
    });
  }
});

test('versions may be written as numbers, suites and curves by their IANA names', () => {
  const client = {
    min_version: 1.2,
    max_version: 1.3,
    cipher_suites: [
      'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
      'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
      'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      'TLS_RSA_WITH_AES_256_GCM_SHA384',
    ],
    curve_preferences: ['X25519', 'P256'],
  };
  const parsed = parseConfig(schema, { client });
  assert.ok(parsed.ok);
  const options = tlsClientOptions(parsed.value.client, 'exporters::x::tls');
  assert.equal(options.minVersion, 'TLSv1.2');
  assert.equal(options.maxVersion, 'TLSv1.3');
  assert.equal(options.ecdhCurve, 'X25519:P-256');
  assert.equal(
    options.ciphers,
    'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-CHACHA20-POLY1305:AES256-GCM-SHA384',
  );
});

test('a file that cannot be read is an operator error with its place in YAML', () => {
  const parsed = parseConfig(schema, { server: { cert_file: '/nowhere/a.pem', key_file: '/nowhere/a.key' } });
  assert.ok(parsed.ok);
  assert.throws(() => tlsServerOptions(parsed.value.server!, 'receivers::otlp::protocols::grpc::tls'), {
    code: 'INVALID_CONFIG',
    message: /^receivers::otlp::protocols::grpc::tls: tls\.cert_file: cannot read \/nowhere\/a\.pem: ENOENT/,
  });
});
