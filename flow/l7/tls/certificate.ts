/** The first certificate of a TLS Certificate message (RFC 5246 §7.4.2): whose it is, who signed it, and how long it is valid. */
import { hash, X509Certificate } from 'node:crypto';

export interface Certificate {
  /** Distinguished names in the order of RFC 4514: `CN=example.com, O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Names and addresses it is for. */
  readonly alternativeNames: readonly string[];
  /** SHA-256 of its bytes, upper-case hex. */
  readonly sha256: string;
}

/** A certificate that is larger is not read. */
const maxCertificateBytes = 16 * 1024;
const maxAlternativeNames = 32;
const maxNameLength = 1024;
const maxKept = 512;

/** By hash: servers send the same few again and again, and one takes 100 µs to read. null: not a certificate. */
const kept = new Map<string, Certificate | null>();

/** `start` is behind the message's header: total length (3), then per certificate length (3) and DER. */
export function readFirstCertificate(bytes: Buffer, start: number, end: number): Certificate | null {
  const at = start + 6;
  if (at > end) return null;
  const length = bytes.readUIntBE(start + 3, 3);
  if (length === 0 || length > maxCertificateBytes || at + length > end) return null;
  const der = bytes.subarray(at, at + length);
  const sha256 = hash('sha256', der, 'hex');
  const known = kept.get(sha256);
  if (known !== undefined) return known;
  const certificate = parseCertificate(der, sha256.toUpperCase());
  if (kept.size >= maxKept) kept.delete(kept.keys().next().value!);
  kept.set(sha256, certificate);
  return certificate;
}

function parseCertificate(der: Buffer, sha256: string): Certificate | null {
  try {
    const read = new X509Certificate(der);
    return {
      subject: distinguishedName(read.subject),
      issuer: distinguishedName(read.issuer),
      notBefore: read.validFromDate.toISOString(),
      notAfter: read.validToDate.toISOString(),
      alternativeNames: alternativeNames(read.subjectAltName),
      sha256,
    };
  } catch {
    // Bytes from the wire that are no certificate: the handshake is told without one.
    return null;
  }
}

/** Node gives one part a line, the most general first; undefined when it is empty. */
function distinguishedName(lines: string | undefined): string {
  return (lines ?? '').slice(0, maxNameLength).split('\n').reverse().join(', ');
}

/** `DNS:a.example, IP Address:127.0.0.1` without what kind they are. */
function alternativeNames(text: string | undefined): string[] {
  if (text === undefined) return [];
  const names = text.slice(0, maxAlternativeNames * maxNameLength).split(', ', maxAlternativeNames);
  return names.map((name) => name.slice(name.indexOf(':') + 1, maxNameLength));
}
