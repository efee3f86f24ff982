/** The `tls` blocks of YAML as Node's TLS options, with certificates that are read again while running. */
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';

/** The part that clients and servers share. Files are paths, `*Pem` their content; at most one of a pair is set. */
export interface TlsSource {
  caFile?: string | undefined;
  caPem?: string | undefined;
  certFile?: string | undefined;
  certPem?: string | undefined;
  keyFile?: string | undefined;
  keyPem?: string | undefined;
  includeSystemCaCertsPool: boolean;
  minVersion: tls.SecureVersion;
  maxVersion?: tls.SecureVersion | undefined;
  /** OpenSSL names, joined to a cipher list; TLS 1.3 suites are always on. */
  ciphers?: readonly string[] | undefined;
  curves?: readonly string[] | undefined;
  /** How often files are read again; 0 is never. */
  reloadIntervalMs: number;
}

export interface TlsServerSource extends TlsSource {
  /** When set, clients must show a certificate that this authority signed. */
  clientCaFile?: string | undefined;
}

export interface TlsServerOptions {
  secureOptions: tls.TlsOptions;
  /** Calls `apply` with new certificates whenever files are read again; the returned function ends that. */
  follow(apply: (context: tls.SecureContextOptions) => void): () => void;
}

/** Reads all files now; throws an Error that names the option and the file when one cannot be used. */
export function createTlsServerOptions(source: TlsServerSource): TlsServerOptions {
  const read = (): tls.SecureContextOptions => {
    const options = readSecureContext(source);
    const clientCa = material('client_ca_file', source.clientCaFile, undefined);
    return clientCa ? { ...options, ca: clientCa } : options;
  };
  const mutual = source.clientCaFile !== undefined;
  return {
    secureOptions: { ...read(), requestCert: mutual, rejectUnauthorized: mutual },
    follow: (apply) => reload(source.reloadIntervalMs, read, apply),
  };
}

/** Options of one client connection; read anew for each connection, so certificates that changed are picked up then. */
export function readTlsClientOptions(
  source: TlsSource & { insecureSkipVerify: boolean; serverNameOverride?: string | undefined },
): tls.ConnectionOptions {
  const options: tls.ConnectionOptions = {
    ...readSecureContext(source),
    rejectUnauthorized: !source.insecureSkipVerify,
  };
  if (source.serverNameOverride) options.servername = source.serverNameOverride;
  return options;
}

function readSecureContext(source: TlsSource): tls.SecureContextOptions {
  const options: tls.SecureContextOptions = { minVersion: source.minVersion };
  if (source.maxVersion) options.maxVersion = source.maxVersion;
  const cert = material('cert_file', source.certFile, source.certPem);
  const key = material('key_file', source.keyFile, source.keyPem);
  const ca = material('ca_file', source.caFile, source.caPem);
  if (cert) options.cert = cert;
  if (key) options.key = key;
  if (ca) options.ca = source.includeSystemCaCertsPool ? [...tls.rootCertificates, ca] : ca;
  if (source.ciphers?.length) options.ciphers = source.ciphers.join(':');
  if (source.curves?.length) options.ecdhCurve = source.curves.join(':');
  tls.createSecureContext(options);
  return options;
}

function material(option: string, file: string | undefined, pem: string | undefined): string | undefined {
  if (pem !== undefined || file === undefined) return pem;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`tls.${option}: cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Files that cannot be read or do not fit together leave the certificates in use as they are, until the next time. */
function reload(
  intervalMs: number,
  read: () => tls.SecureContextOptions,
  apply: (context: tls.SecureContextOptions) => void,
): () => void {
  if (intervalMs === 0) return () => {};
  const timer = setInterval(() => {
    try {
      apply(read());
    } catch {
      // Half-written files are normal while certificates are being replaced.
    }
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
