/** The `tls` blocks of servers and clients, with the names and defaults of the OpenTelemetry Collector. */
import { z } from 'zod';
import { duration } from './duration.ts';
import { secret } from './secret.ts';

const version = z
  .union([z.string(), z.number()])
  .transform((value) => (typeof value === 'number' ? value.toFixed(1) : value))
  .pipe(z.enum(['1.0', '1.1', '1.2', '1.3']));

const shared = {
  ca_file: z
    .string()
    .optional()
    .describe('Path of the certificate authority (PEM) that the peer must be signed by. Without it the system trusts.'),
  ca_pem: z.string().optional().describe('Like `ca_file`, with the PEM text itself.'),
  cert_file: z.string().optional().describe('Path of the certificate chain (PEM) that this side shows.'),
  cert_pem: z.string().optional().describe('Like `cert_file`, with the PEM text itself.'),
  key_file: z.string().optional().describe('Path of the private key (PEM) of the certificate.'),
  key_pem: secret().optional().describe('Like `key_file`, with the PEM text itself.'),
  include_system_ca_certs_pool: z
    .boolean()
    .default(false)
    .describe('Whether well-known public authorities are trusted besides `ca_file`.'),
  min_version: version.prefault('1.2').describe('Oldest TLS version that is spoken: 1.0, 1.1, 1.2 or 1.3.'),
  max_version: version.optional().describe('Newest TLS version that is spoken. Without it the newest there is.'),
  cipher_suites: z
    .array(z.string().regex(/^TLS_[A-Z0-9_]+$/, 'a cipher suite is written as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'))
    .default([])
    .describe('Cipher suites for TLS 1.2 and older by their IANA names. Empty leaves the choice to Node.'),
  include_insecure_cipher_suites: z
    .boolean()
    .default(false)
    .describe('Taken for compatibility: `cipher_suites` may name any suite that the OpenSSL of Node has.'),
  curve_preferences: z
    .array(z.enum(['X25519', 'P521', 'P256', 'P384']))
    .default([])
    .describe('Key exchange curves, most wanted first: X25519, P521, P256, P384. Empty leaves the choice to Node.'),
  reload_interval: duration('0s').describe(
    'Certificates are read from their files again this often. 0s reads them once; use it with short-lived certificates.',
  ),
};

type Shared = { [K in keyof typeof shared]?: unknown };

const onePerPair = (config: Shared): boolean =>
  !(config.ca_file && config.ca_pem) && !(config.cert_file && config.cert_pem) && !(config.key_file && config.key_pem);
const certWithKey = (config: Shared): boolean =>
  Boolean(config.cert_file || config.cert_pem) === Boolean(config.key_file || config.key_pem);
const twoOfPair = 'give either the file or the PEM text of ca, cert and key, not both';
const halfOfPair = 'a certificate needs its private key: set cert_file and key_file (or cert_pem and key_pem) together';

const serverBlock = z
  .strictObject({
    ...shared,
    client_ca_file: z
      .string()
      .optional()
      .describe(
        'Path of the authority (PEM) that clients must be signed by. When set, clients without such a certificate are refused.',
      ),
    client_ca_file_reload: z
      .boolean()
      .default(false)
      .describe(
        'Whether `client_ca_file` is read again while running; every minute unless `reload_interval` says otherwise.',
      ),
  })
  .refine(onePerPair, { message: twoOfPair })
  .refine(certWithKey, { message: halfOfPair })
  .refine((config) => config.cert_file || config.cert_pem, {
    message: 'a server needs a certificate to speak TLS: set cert_file and key_file',
  });

const clientBlock = z
  .strictObject({
    ...shared,
    insecure: z
      .boolean()
      .default(false)
      .describe('True sends plain text without TLS (unless `ca_file` is set or the endpoint begins with https://).'),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .describe('True takes any certificate of the peer, so that anyone between can read and change the data.'),
    server_name_override: z
      .string()
      .optional()
      .describe('The name expected in the certificate of the peer, when it is not the one in the endpoint.'),
  })
  .refine(onePerPair, { message: twoOfPair })
  .refine(certWithKey, { message: halfOfPair });

export type TlsServerConfig = z.output<typeof serverBlock>;
export type TlsClientConfig = z.output<typeof clientBlock>;

/** `tls: tlsServer()` of a server's schema; without it the server speaks plain text. */
export function tlsServer() {
  return serverBlock.optional().describe('Makes the server speak TLS. Without this block it speaks plain text.');
}

/** `tls: tlsClient()` of a client's schema. */
export function tlsClient() {
  return clientBlock.prefault({}).describe('How the connection to the peer is secured.');
}
