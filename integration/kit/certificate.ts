/** A self-signed certificate for 127.0.0.1 and localhost, made by openssl in the forms that servers want. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Certificate {
  /** PEM files. */
  cert: string;
  key: string;
  /** Both in one file, for Java. */
  pkcs12: string;
  password: string;
}

/** Writes its files into `directory`. */
export function createCertificate(directory: string): Certificate {
  const password = 'nothing-secret';
  const [cert, key, pkcs12] = ['cert.pem', 'key.pem', 'both.p12'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const run = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('req', '-x509', '-days', '30', ...curve, '-keyout', key, '-out', cert, ...names);
  run('pkcs12', '-export', '-in', cert, '-inkey', key, '-out', pkcs12, '-passout', `pass:${password}`);
  return { cert, key, pkcs12, password };
}
