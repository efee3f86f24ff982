/** Which libraries that encrypt a process has loaded, by the names of the files it maps. */
import { useFile } from '../../host/proc-file.ts';
import type { ProcessFacts } from '../../host/processes.ts';
import type { Binaries, TlsLibrary } from './processes.ts';

/** Large programs map a few thousand files. */
const maxMapsBytes = 4 * 1024 * 1024;

export function binariesOf({ pid }: ProcessFacts, proc = '/proc'): Binaries {
  const read = useFile(`${proc}/${pid}/maps`, maxMapsBytes, (bytes) => ({ text: bytes.toString('latin1') }));
  if (typeof read === 'string') return { runtime: undefined, tls: [], denied: read === 'denied' };
  return { runtime: undefined, tls: librariesIn(read.text), denied: false };
}

const names: [pattern: RegExp, name: string, reason: string][] = [
  [/\/libssl\.so[.\d]*$/, 'OpenSSL', ''],
  [/\/libgnutls\.so[.\d]*$/, 'GnuTLS', ''],
  [/\/libnss3\.so$/, 'NSS', 'no probes for it'],
];

/** Lines of maps end with the path of the file. */
function librariesIn(maps: string): TlsLibrary[] {
  const found = new Map<string, TlsLibrary>();
  for (const line of maps.split('\n')) {
    const path = line.slice(line.indexOf('/'));
    for (const [pattern, name, reason] of names) if (pattern.test(path)) found.set(name, { name, reason });
  }
  return [...found.values()];
}
