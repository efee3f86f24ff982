/** Which files are probed for which processes: joined when the first process has one, left some time after the last is gone. */
import type { TlsLibrary } from '../../../bpf/uprobes/libraries.ts';
import type { ProbeStatus } from './messages.ts';

export interface CoverageOptions {
  /** Libraries of a process at this moment. */
  find(pid: number): TlsLibrary[];
  /** Joins the probes of a file; undefined when none of them is wanted. Throws an Error that says why it cannot. */
  attach(library: TlsLibrary, pid: number | undefined): Detachable | undefined;
  /** Joins the probes of a file that tell tables of header fields; undefined when it has none. Throws as `attach`. */
  attachTables(library: TlsLibrary, pid: number | undefined): Detachable | undefined;
  scope: 'file' | 'process';
  /** Whether its file can still be reached; not when the process has ended. */
  isThere(library: TlsLibrary): boolean;
  /** A library of a process that still runs cannot be seen, for the first time. */
  onFailure(status: ProbeStatus): void;
  onGo(pid: number, library: TlsLibrary): void;
  /** A process whose tables of header fields can be told; `probed`: and are. */
  onTables(pid: number, probed: boolean): void;
  /** Whether that library has probes which tell them. */
  hasTables(library: TlsLibrary): boolean;
  now(): number;
  /** A file without processes keeps its probes so long: the next one to start has them at once. */
  lingerMs: number;
}

export interface Detachable {
  detach(): void;
}

interface Joined {
  links: Detachable | undefined;
  /** Why it could not be joined; tried again with another process. */
  failure: string;
  pids: Set<number>;
  /** When the last process was gone; 0: some are there. */
  leftMs: number;
  /** Tell tables of header fields, and were needed last at that time. */
  tables: Detachable | undefined;
  tablesMs: number;
  /** It is no library, but helps one, which other processes may keep probed. */
  helps: boolean;
}

/** What helps a library stays so much longer: where it is missing, the library's plaintext may be told of wrong connections. */
const helpingLingers = 10;

/** Probes of tables of header fields stay so long after the last time that they were needed: connections may have been silent. */
const tablesQuietMs = 600_000;

/** Files that are probed at once: beyond it no further ones are. */
const maxJoined = 1024;

export class Coverage {
  /** Files that are probed, and those that could not be. */
  readonly counts = { joined: 0, failed: 0 };
  readonly #options: CoverageOptions;
  readonly #joined = new Map<string, Joined>();
  readonly #processes = new Map<number, Map<string, ProbeStatus>>();

  constructor(options: CoverageOptions) {
    this.#options = options;
  }

  /** Looks at what a process has now, and probes what is new; `helping`: only what helps libraries, of which others have some. */
  scan(pid: number, helping = false): void {
    const libraries = this.#options.find(pid).filter(({ helps }) => helps || !helping);
    if (libraries.length === 0) return;
    const known = this.#processes.get(pid) ?? new Map<string, ProbeStatus>();
    this.#processes.set(pid, known);
    for (const library of libraries) {
      if (known.get(library.identity)?.covered) continue;
      const reason = library.covered ? this.#join(pid, library) : library.reason;
      const status: ProbeStatus = {
        pid,
        path: library.path,
        library: library.version === undefined ? library.kind : `${library.kind} ${library.version}`,
        covered: library.covered && reason === '',
        helps: library.helps,
        reason: reason || library.reason,
      };
      const isNew = known.get(library.identity)?.reason !== status.reason;
      known.set(library.identity, status);
      if (!status.covered && isNew && this.#options.isThere(library)) this.#options.onFailure(status);
      if (library.go !== undefined) this.#options.onGo(pid, library);
      const joined = this.#joined.get(this.#keyOf(library.identity, pid));
      if (joined !== undefined && this.#options.hasTables(library))
        this.#options.onTables(pid, joined.tables !== undefined);
    }
  }

  /** Tables of header fields of this process are needed. */
  watchTables(pid: number): void {
    const { find, hasTables, attachTables, scope, onTables, now } = this.#options;
    for (const library of find(pid).filter(hasTables)) {
      const joined = this.#joined.get(this.#keyOf(library.identity, pid));
      if (joined === undefined || joined.failure !== '') continue;
      joined.tablesMs = now();
      if (joined.tables !== undefined) continue;
      try {
        joined.tables = attachTables(library, scope === 'process' ? pid : undefined);
      } catch {
        // As with its other probes, the kernel refuses: calls of old connections lack what their tables had.
        continue;
      }
      for (const one of joined.pids) onTables(one, true);
    }
  }

  /** Whether a scan found a TLS library of this process that is probed. */
  covers(pid: number): boolean {
    for (const { covered, helps } of this.#processes.get(pid)?.values() ?? []) if (covered && !helps) return true;
    return false;
  }

  forget(pid: number): void {
    const libraries = this.#processes.get(pid);
    if (libraries === undefined) return;
    this.#processes.delete(pid);
    for (const identity of libraries.keys()) {
      const joined = this.#joined.get(this.#keyOf(identity, pid));
      joined?.pids.delete(pid);
      if (joined?.pids.size === 0) joined.leftMs = this.#options.now();
    }
  }

  /** Leaves one file whose time is up; true when there may be more. One at a time: each takes the kernel a while. */
  sweep(): boolean {
    const { now, lingerMs } = this.#options;
    const quietBefore = now() - tablesQuietMs;
    for (const [key, joined] of this.#joined) {
      if (joined.tables !== undefined && joined.tablesMs < quietBefore) {
        joined.tables.detach();
        joined.tables = undefined;
        for (const pid of joined.pids) this.#options.onTables(pid, false);
        return true;
      }
      const stayMs = lingerMs * (joined.helps ? helpingLingers : 1);
      if (joined.pids.size > 0 || joined.leftMs + stayMs > now()) continue;
      this.#joined.delete(key);
      this.#leave(joined);
      return true;
    }
    return false;
  }

  status(): ProbeStatus[] {
    return [...this.#processes.values()].flatMap((libraries) => [...libraries.values()]);
  }

  close(): void {
    for (const joined of this.#joined.values()) this.#leave(joined);
    this.#joined.clear();
    this.#processes.clear();
  }

  /** Empty when it is joined, else the reason why it is not. */
  #join(pid: number, library: TlsLibrary): string {
    const key = this.#keyOf(library.identity, pid);
    let joined = this.#joined.get(key);
    if (joined === undefined) {
      if (this.#joined.size >= maxJoined) return `${maxJoined} files are probed already`;
      const { helps } = library;
      joined = { links: undefined, failure: '', pids: new Set(), leftMs: 0, tables: undefined, tablesMs: 0, helps };
      this.#joined.set(key, joined);
      this.#attach(joined, library, pid);
    } else if (joined.failure !== '') this.#attach(joined, library, pid);
    joined.pids.add(pid);
    joined.leftMs = 0;
    return joined.failure;
  }

  #attach(joined: Joined, library: TlsLibrary, pid: number): void {
    try {
      joined.links = this.#options.attach(library, this.#options.scope === 'process' ? pid : undefined);
      joined.failure = '';
      this.counts.joined++;
    } catch (error) {
      joined.failure = (error as Error).message;
      this.counts.failed++;
    }
  }

  #leave(joined: Joined): void {
    joined.tables?.detach();
    joined.links?.detach();
    if (joined.failure === '') this.counts.joined--;
  }

  #keyOf(identity: string, pid: number): string {
    return this.#options.scope === 'process' ? `${identity} ${pid}` : identity;
  }
}
