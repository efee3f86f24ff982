/** `tls` blocks of the configuration as options of the transports; problems come out as errors an operator can mend. */
import type { ConnectionOptions, SecureVersion } from 'node:tls';
import { createTlsServerOptions, readTlsClientOptions, type TlsServerOptions, type TlsSource } from '../wire/tls.ts';
import { OperatorError } from './errors.ts';
import type { TlsClientConfig, TlsServerConfig } from './schemas/tls.ts';

/** `client_ca_file_reload` without `reload_interval`. */
const clientCaReloadMs = 60_000;

/** Reads the certificates of a server; `where` is the path of the block in YAML, for errors. */
export function tlsServerOptions(config: TlsServerConfig, where: string): TlsServerOptions {
  const source = sourceOf(config);
  const reloadIntervalMs = source.reloadIntervalMs || (config.client_ca_file_reload ? clientCaReloadMs : 0);
  return explained(where, () =>
    createTlsServerOptions({ ...source, clientCaFile: config.client_ca_file, reloadIntervalMs }),
  );
}

/** Reads the certificates of a client, now; called again for a new connection it picks up changed files. */
export function tlsClientOptions(config: TlsClientConfig, where: string): ConnectionOptions {
  return explained(where, () =>
    readTlsClientOptions({
      ...sourceOf(config),
      insecureSkipVerify: config.insecure_skip_verify,
      serverNameOverride: config.server_name_override,
    }),
  );
}

function sourceOf(config: TlsServerConfig | TlsClientConfig): TlsSource {
  return {
    caFile: config.ca_file,
    caPem: config.ca_pem,
    certFile: config.cert_file,
    certPem: config.cert_pem,
    keyFile: config.key_file,
    keyPem: config.key_pem?.reveal(),
    includeSystemCaCertsPool: config.include_system_ca_certs_pool,
    minVersion: `TLSv${config.min_version}` as SecureVersion,
    maxVersion: config.max_version && (`TLSv${config.max_version}` as SecureVersion),
    ciphers: config.cipher_suites.map(openSslName),
    curves: config.curve_preferences.map((curve) => (curve === 'X25519' ? curve : `P-${curve.slice(1)}`)),
    reloadIntervalMs: config.reload_interval,
  };
}

/** `ECDHE-RSA-AES128-GCM-SHA256` of `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
function openSslName(iana: string): string {
  const [keyExchange, cipher] = iana.slice('TLS_'.length).split('_WITH_');
  if (cipher === undefined) return iana;
  const suite = cipher
    .replace(/^AES_(\d+)_CBC_/, 'AES$1-')
    .replace(/^AES_(\d+)_/, 'AES$1-')
    .replace(/^CHACHA20_POLY1305.*$/, 'CHACHA20-POLY1305')
    .replace('3DES_EDE_CBC', 'DES-CBC3')
    .replaceAll('_', '-');
  const exchange = keyExchange === 'RSA' ? '' : `${keyExchange!.replaceAll('_', '-')}-`;
  return exchange + suite;
}

function explained<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new OperatorError('INVALID_CONFIG', `${where}: ${(error as Error).message}`, { cause: error });
  }
}
