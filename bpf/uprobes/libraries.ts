/** Which TLS libraries and runtimes a process has, and where they are probed. A file is read once, however many processes use it. */
import { withElf } from '../elf/file.ts';
import { fileOf, type MappedFile, mappedFiles } from './mapped-files.ts';
import { pythonModules } from './python-module.ts';
import { isTlsName, readTlsExecutable, readTlsLibrary, type TlsFile } from './tls-file.ts';
import { searchTlsText } from './tls-texts.ts';

/** One library of one process: what is in the file, and where the file is. */
export interface TlsLibrary extends TlsFile {
  /** As the process names it. */
  path: string;
  /** Where it is opened, and probes are attached, from here; of use while the process lives. */
  open: string;
  /** Equal for all processes that use the same file: probes on it see all of them. */
  identity: string;
}

export interface LibraryFinder {
  /** Libraries of a process at this moment, those that help first; more may be loaded later. Empty when it is gone, or has no TLS that is known. */
  find(pid: number): TlsLibrary[];
  /** Files that were read, and how often one that was known already was asked for. */
  readonly counts: { read: number; known: number };
}

/** Files whose findings are kept: a host runs some hundred different ones. */
const maxFiles = 4096;

/** `proc` is where the process file system is: of the host, when this runs in a container. */
export function createLibraryFinder(proc = '/proc'): LibraryFinder {
  const findings = new Map<string, TlsFile | undefined>();
  const modules = new Map<string, string[]>();
  const counts = { read: 0, known: 0 };

  function remember(file: MappedFile, read: (file: MappedFile) => Finding): TlsFile | undefined {
    if (findings.has(file.identity)) {
      counts.known++;
      const known = findings.get(file.identity);
      // The one that was used last is dropped last.
      findings.delete(file.identity);
      findings.set(file.identity, known);
      return known;
    }
    counts.read++;
    const found = read(file);
    // The file is still there, for other processes.
    if (found === 'gone') return undefined;
    if (findings.size >= maxFiles) findings.delete(findings.keys().next().value!);
    findings.set(file.identity, found);
    return found;
  }

  /** Files that the process will load when it needs TLS. */
  function expected(pid: number, { path, identity }: MappedFile): MappedFile[] {
    let paths = modules.get(identity);
    if (paths === undefined) {
      paths = pythonModules(path, `${proc}/${pid}/root`);
      if (modules.size >= maxFiles) modules.clear();
      modules.set(identity, paths);
    }
    return paths.flatMap((one) => fileOf(pid, one, proc) ?? []);
  }

  function find(pid: number): TlsLibrary[] {
    const [executable, ...libraries] = mappedFiles(pid, isTlsName, proc);
    if (executable === undefined) return [];
    const mapped = new Set(libraries.map(({ identity }) => identity));
    libraries.push(...expected(pid, executable).filter(({ identity }) => !mapped.has(identity)));
    const found: TlsLibrary[] = [];
    const add = (file: MappedFile, tls: TlsFile | undefined) => {
      if (tls !== undefined) found.push({ ...tls, ...file });
    };
    add(executable, remember(executable, readExecutable));
    for (const file of libraries) {
      const tls = remember(file, readLibrary);
      // libcrypto is none by itself, but knows the version of the libssl beside it.
      if (tls?.kind === 'unknown') continue;
      add(file, tls);
    }
    // What helps is there before what it helps.
    found.sort((a, b) => Number(b.helps) - Number(a.helps));
    return found.map((library) => withVersion(library, libraries, remember));
  }

  return { find, counts };
}

function withVersion(
  library: TlsLibrary,
  files: MappedFile[],
  remember: (file: MappedFile, read: (file: MappedFile) => Finding) => TlsFile | undefined,
): TlsLibrary {
  if (library.version !== undefined || library.kind !== 'openssl') return library;
  // Python's wheels carry pairs of their own: the libcrypto of the same folder comes first.
  const folder = library.path.slice(0, library.path.lastIndexOf('/') + 1);
  const crypto = files.filter(({ path }) => nameOf(path).startsWith('libcrypto'));
  const beside = crypto.find(({ path }) => path.startsWith(folder)) ?? crypto[0];
  const told = beside === undefined ? undefined : remember(beside, readLibrary);
  if (told?.version === undefined) return library;
  return { ...library, version: told.version };
}

/** What is in a file; `gone`: the process by which it was to be opened has ended. */
type Finding = TlsFile | undefined | 'gone';

function readExecutable({ open }: MappedFile): Finding {
  return attempt(undefined, () => withElf(open, readTlsExecutable));
}

function readLibrary({ path, open }: MappedFile): Finding {
  const name = nameOf(path);
  return attempt(name, () =>
    withElf(open, (file) => {
      if (!name.startsWith('libcrypto')) return readTlsLibrary(file, name);
      return { ...nothing, version: searchTlsText(file, ['openssl', 'libressl'])?.version };
    }),
  );
}

const nothing: TlsFile = {
  kind: 'unknown',
  version: undefined,
  covered: false,
  reason: '',
  helps: false,
  points: [],
  go: undefined,
};

/** A file that cannot be read is no TLS library, unless its name says so: then the reason is told. */
function attempt(name: string | undefined, read: () => TlsFile | undefined): Finding {
  try {
    return read();
  } catch (error) {
    if (/^(ENOENT|ESRCH)$/.test((error as NodeJS.ErrnoException).code ?? '')) return 'gone';
    if (name === undefined || name.startsWith('libcrypto')) return undefined;
    const kind = /gnutls/.test(name) ? 'gnutls' : 'openssl';
    return { ...nothing, kind, reason: `its file cannot be read: ${(error as Error).message}` };
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
