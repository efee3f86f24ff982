/** What a file has of TLS: which library, of which version, and where it is probed, or why it is not. */
import { type ElfFile, machines } from '../elf/file.ts';
import { gnutlsPoints } from './gnutls.ts';
import { type GoPoints, goPoints } from './go.ts';
import { handingCalls } from './handing.ts';
import { opensslPoints } from './openssl.ts';
import type { ProbePoint } from './point.ts';
import { pythonPoints } from './python.ts';
import { searchTlsText } from './tls-texts.ts';

export type LibraryKind =
  | 'openssl'
  | 'boringssl'
  | 'libressl'
  | 'gnutls'
  | 'nss'
  | 'go'
  | 'rustls'
  | 'java'
  | 'mbedtls'
  | 'wolfssl'
  | 's2n'
  | 'python'
  | 'python_ssl'
  | 'unknown';

/** A TLS library, or a runtime that has TLS or tasks of its own, as found in one file. */
export interface TlsFile {
  kind: LibraryKind;
  /** As the library writes it: `3.0.15`, `go1.26.8`; undefined when it does not tell. */
  version: string | undefined;
  covered: boolean;
  /** Why it is not covered, or what of it is not; empty when nothing is to say. */
  reason: string;
  /** No library itself: what its probes see only tells which connection is whose. */
  helps: boolean;
  /** Empty when it is not covered. */
  points: ProbePoint[];
  /** Of a Go program: versions, and where its goroutines keep their numbers. */
  go: GoPoints | undefined;
}

/** Files of TLS libraries, by name. The names of copies that Python wheels carry have a hash: libssl-3e69114b.so.1.1. */
const libraryNames: readonly [RegExp, LibraryKind][] = [
  [/^libssl([-.].*)?\.so/, 'openssl'],
  [/^libgnutls(-[0-9a-f]{8})?\.so/, 'gnutls'],
  [/^libssl3\.so/, 'nss'],
  [/^libjvm\.so/, 'java'],
  [/^libmbedtls.*\.so/, 'mbedtls'],
  [/^libwolfssl.*\.so/, 'wolfssl'],
  [/^libs2n.*\.so/, 's2n'],
  [/netty_tcnative.*\.so|conscrypt.*\.so/, 'boringssl'],
  [/^_rust\.abi3\.so/, 'openssl'],
  [/^libpython3.*\.so/, 'python'],
  [/^_ssl\.(.*\.)?so$/, 'python_ssl'],
];

const notCovered: Partial<Record<LibraryKind, string>> = {
  nss: 'NSS is not probed: its calls are those of any file (PR_Read, PR_Write), with layers that cannot be told apart',
  java: "Java's own TLS (JSSE) is Java code: it is compiled while it runs and has no address to probe",
  rustls: 'rustls is compiled into the program and inlined: it has no functions of its own to probe',
  mbedtls: 'Mbed TLS is not probed',
  wolfssl: 'wolfSSL is not probed',
  s2n: 's2n-tls is not probed',
};

/** Files of a process that are looked at besides its executable. libcrypto tells OpenSSL's version. */
export function isTlsName(name: string): boolean {
  return name.startsWith('libcrypto') || libraryNames.some(([pattern]) => pattern.test(name));
}

/** What this library holds; undefined when its name is that of none. Throws ElfError when the file is broken. */
export function readTlsLibrary(file: ElfFile, name: string): TlsFile | undefined {
  const kind = libraryNames.find(([pattern]) => pattern.test(name))?.[1];
  if (kind === undefined) return undefined;
  const reason = notCovered[kind];
  if (reason !== undefined) return without(kind, reason);
  const other = otherMachine(file);
  if (other !== undefined) return without(kind, other);
  if (kind === 'python') return readPython(file);
  if (kind === 'python_ssl') return readOpenssl(file) ?? readModule(file);
  if (kind === 'gnutls') {
    const points = gnutlsPoints(file);
    return points === undefined
      ? without(kind, hidden('gnutls_record_recv'))
      : probed(kind, searchTlsText(file, ['gnutls'])?.version, points);
  }
  return readOpenssl(file) ?? without(kind, hidden('SSL_read'), searchTlsText(file, ['openssl', 'libressl'])?.version);
}

/** What TLS an executable has inside of itself; undefined when none is found. Throws ElfError when the file is broken. */
export function readTlsExecutable(file: ElfFile): TlsFile | undefined {
  const go = goPoints(file);
  if (go !== undefined) return readGo(go);
  const other = otherMachine(file);
  const openssl = other === undefined ? readOpenssl(file) : undefined;
  const python = readPython(file);
  if (openssl !== undefined) return { ...openssl, points: [...openssl.points, ...(python?.points ?? [])] };
  if (python !== undefined) return python;
  const gnutls = other === undefined ? gnutlsPoints(file) : undefined;
  if (gnutls !== undefined) return probed('gnutls', undefined, gnutls);
  const text = searchTlsText(file, ['openssl', 'libressl', 'boringssl', 'rustls']);
  if (text === undefined) return undefined;
  if (text.kind === 'rustls') return without('rustls', notCovered.rustls!, text.version);
  // Programs that use the shared libraries write their version down, too.
  if (needsOpenssl(file)) return undefined;
  return without(text.kind, other ?? hidden('SSL_read'), text.version);
}

function readGo(go: NonNullable<ReturnType<typeof goPoints>>): TlsFile {
  const { version } = go.build;
  if ('reason' in go) return without('go', go.reason, version);
  const nothing = go.points.length === 0 ? 'it has neither TLS nor HTTP nor gRPC of Go in it' : '';
  const reason =
    go.goroutine === undefined
      ? `goroutines of ${version} cannot be told apart: their layout is not known`
      : go.grpcReason || go.tablesReason || nothing;
  return { kind: 'go', version, covered: true, reason, helps: false, points: go.points, go };
}

function readOpenssl(file: ElfFile): TlsFile | undefined {
  const found = opensslPoints(file);
  if (found === undefined) return undefined;
  if (found.kind === 'boringssl') return probed('boringssl', undefined, found.points);
  const text = searchTlsText(file, ['openssl', 'libressl']);
  return probed(text?.kind ?? 'openssl', text?.version, found.points);
}

/** CPython, whose contexts tell tasks apart; its TLS is that of a library. */
function readPython(file: ElfFile): TlsFile | undefined {
  const points = pythonPoints(file);
  return points && { ...probed('python', undefined, points), helps: true };
}

/** Python's module, which uses the shared library. */
function readModule(file: ElfFile): TlsFile | undefined {
  const points = handingCalls(file);
  return points.length === 0 ? undefined : { ...probed('python_ssl', undefined, points), helps: true };
}

function probed(kind: LibraryKind, version: string | undefined, points: ProbePoint[]): TlsFile {
  return { kind, version, covered: true, reason: '', helps: false, points, go: undefined };
}

function without(kind: LibraryKind, reason: string, version?: string): TlsFile {
  return { kind, version, covered: false, reason, helps: false, points: [], go: undefined };
}

function hidden(name: string): string {
  return `its symbols were removed: ${name} is not found in it`;
}

function otherMachine(file: ElfFile): string | undefined {
  const machine = machines[file.machine] ?? `machine ${file.machine}`;
  return machine === 'x86-64' ? undefined : `code of ${machine} is not probed; only x86-64 is`;
}

/** Whether the file asks the dynamic linker for OpenSSL's libraries. */
function needsOpenssl(file: ElfFile): boolean {
  const strings = file.section('.dynstr');
  if (strings === undefined || strings.type === 8) return false;
  const names = file.readSection(strings);
  return names.includes('\0libssl.so') || names.includes('\0libcrypto.so');
}
