/** Finds the texts by which TLS libraries give themselves away in a binary whose symbols were removed. */
import type { ElfFile } from '../elf/file.ts';

export interface TlsText {
  kind: 'openssl' | 'boringssl' | 'libressl' | 'gnutls' | 'rustls';
  version: string | undefined;
}

interface Mark {
  kind: TlsText['kind'];
  /** What is searched for, and the pattern that the text from there to its end must fit; its group is the version. */
  beginning: Buffer;
  pattern: RegExp;
}

function mark(kind: TlsText['kind'], beginning: string, pattern: RegExp): Mark {
  return { kind, beginning: Buffer.from(beginning), pattern };
}

const marks = {
  openssl: mark('openssl', 'OpenSSL ', /^OpenSSL (\d+\.\d+\.\d+[a-z]*)\S* +\d+ [A-Z][a-z]+ \d{4}/),
  libressl: mark('libressl', 'LibreSSL ', /^LibreSSL (\d+\.\d+\.\d+)/),
  // BoringSSL has no versions; its errors name the file they are from, which is C++ only there.
  boringssl: mark('boringssl', 'ssl_lib.cc', /^ssl_lib\.cc/),
  // A function of GnuTLS returns its version, which stands alone among the data.
  gnutls: mark('gnutls', '3.', /^(3\.\d+\.\d+)$/),
  // Panics tell where they are in the source: …/rustls-0.23.12/src/conn.rs.
  rustls: mark('rustls', 'rustls-', /^rustls-(\d+\.\d+\.\d+[^/]*)\/src/),
} as const;

const chunkSize = 1024 * 1024;
/** Text behind a hit that the pattern may look at. */
const around = 96;
/** Read-only data of the largest programs is some 100 MiB. */
const maxSearched = 256 * chunkSize;

/**
 * The first text of one of these libraries in the read-only data, in the order of the file. rustls counts only where none of the
 * others is: programs carry it besides what they use.
 */
export function searchTlsText(file: ElfFile, kinds: readonly TlsText['kind'][]): TlsText | undefined {
  const section = file.section('.rodata');
  if (section === undefined || section.type === 8) return undefined;
  const size = Math.min(section.size, maxSearched);
  let last: TlsText | undefined;
  for (let start = 0; start < size; start += chunkSize) {
    const bytes = file.readSection(section, start, Math.min(chunkSize + around, size - start));
    for (const kind of kinds) {
      const found = kind === 'rustls' && last !== undefined ? undefined : searchPiece(bytes, marks[kind]);
      if (found === undefined) continue;
      if (kind !== 'rustls') return found;
      last = found;
    }
  }
  return last;
}

function searchPiece(bytes: Buffer, { kind, beginning, pattern }: Mark): TlsText | undefined {
  for (let at = bytes.indexOf(beginning); at !== -1 && at < chunkSize; at = bytes.indexOf(beginning, at + 1)) {
    const end = bytes.indexOf(0, at);
    const text = bytes.toString('latin1', at, Math.min(end === -1 ? bytes.length : end, at + around));
    const found = pattern.exec(text);
    if (found !== null) return { kind, version: found[1] };
  }
  return undefined;
}
