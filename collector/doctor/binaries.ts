/** What the executable and the libraries of a process hold, in the doctor's words: Go, and libraries that encrypt. */
import { createLibraryFinder, type TlsLibrary as FoundLibrary } from '../../bpf/uprobes/libraries.ts';
import type { Runtime } from '../../host/identity.ts';
import type { ProcessFacts } from '../../host/processes.ts';

export interface Binaries {
  runtime: Runtime | undefined;
  tls: TlsLibrary[];
}

export interface TlsLibrary {
  /** As `OpenSSL 3.0.9`. */
  name: string;
  /** Its plaintext is seen. */
  covered: boolean;
  /** Why it is not, or what of it is not; empty when all is. */
  reason: string;
}

const titles: Record<FoundLibrary['kind'], string> = {
  openssl: 'OpenSSL',
  boringssl: 'BoringSSL',
  libressl: 'LibreSSL',
  gnutls: 'GnuTLS',
  nss: 'NSS',
  go: 'crypto/tls',
  rustls: 'rustls',
  java: 'JSSE',
  mbedtls: 'Mbed TLS',
  wolfssl: 'wolfSSL',
  s2n: 's2n-tls',
  python: 'Python',
  python_ssl: 'ssl of Python',
  unknown: 'TLS',
};

/** Files that several processes share are read once. */
export function createBinaries(proc = '/proc'): (facts: ProcessFacts) => Binaries {
  const finder = createLibraryFinder(proc);
  return ({ pid }) => {
    const found = finder.find(pid);
    const go = found.find(({ kind }) => kind === 'go');
    return {
      runtime: go === undefined ? undefined : { language: 'Go', name: 'go', version: go.version },
      tls: distinct(found.filter(encrypts).map(describe)),
    };
  };
}

/** A Go program may do without TLS; Python's is that of a library. */
function encrypts({ kind, helps, go }: FoundLibrary): boolean {
  return !helps && kind !== 'python' && (kind !== 'go' || go === undefined || go.tls);
}

function describe({ kind, version, covered, reason }: FoundLibrary): TlsLibrary {
  // Go's version is that of the runtime.
  const name = version === undefined || kind === 'go' ? titles[kind] : `${titles[kind]} ${version}`;
  return { name, covered, reason };
}

function distinct(libraries: TlsLibrary[]): TlsLibrary[] {
  return [...new Map(libraries.map((library) => [library.name, library])).values()];
}
