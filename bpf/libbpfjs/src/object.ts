/** An object: a compiled file with programs and maps, from being opened to being closed. */
import { attempt, loadAddon, type MapDescription, type ObjectHandle, type ProgramDescription } from './addon.ts';
import { Btf, type Variable } from './btf.ts';
import { BpfError } from './error.ts';
import { BpfMap } from './map.ts';
import { attachTypes, mapTypes, nameOf } from './names.ts';
import { BpfProgram } from './program.ts';

export interface ObjectOptions {
  /** BTF of the kernel from this file instead of /sys/kernel/btf/vmlinux, for CO-RE on kernels that bring none. */
  kernelBtf?: string;
  /**
   * What `program.log()` gives after load: `stats` is one line a program (states, instructions, time), `all` every
   * instruction the verifier looked at and takes up to 16 MiB a program. Without it only a failure's log is kept, in the error.
   */
  verifierLog?: 'stats' | 'all';
}

/** BPF_LOG_STATS, and with BPF_LOG_LEVEL2, of linux/bpf_verifier.h, with room for what they write. */
const logs = { stats: { level: 4, bytes: 64 * 1024 }, all: { level: 6, bytes: (1 << 24) - 1 } } as const;

/**
 * Opens an object file; nothing is in the kernel yet. Throws a BpfError: `ENOENT`, `EFORMAT` (no BPF object), or `NO_ADDON`.
 */
export function openObject(path: string, options: ObjectOptions = {}): BpfObject {
  const handle = attempt(`opening ${path}`, (addon) => addon.openObject(path, options.kernelBtf));
  return new BpfObject(path, handle, options);
}

/**
 * Everything in the kernel that belongs to it goes when `close` is called, when the process ends in whatever way, or when its
 * worker thread ends; links keep their program until they are detached.
 */
export class BpfObject {
  /** Names of its programs and maps, as C calls them. */
  readonly programs: string[];
  readonly maps: string[];
  readonly #path: string;
  readonly #handle: ObjectHandle;
  readonly #programs = new Map<string, BpfProgram>();
  readonly #maps = new Map<string, BpfMap>();
  readonly #descriptions: { programs: ProgramDescription[]; maps: MapDescription[] };
  readonly #logs = new Map<string, Uint8Array>();
  #variables: Variable[] | undefined;
  #state: 'open' | 'loaded' | 'closed' = 'open';

  constructor(path: string, handle: ObjectHandle, options: ObjectOptions) {
    this.#path = path;
    this.#handle = handle;
    this.#descriptions = attempt(`opening ${path}`, (addon) => addon.describeObject(handle));
    this.programs = this.#descriptions.programs.map((program) => program.name);
    this.maps = this.#descriptions.maps.map((map) => map.name);
    if (options.verifierLog !== undefined) this.#keepLogs(logs[options.verifierLog]);
  }

  /**
   * Sets a `const volatile` variable before `load`. Numbers must fit its size; bytes must have exactly its size. Throws a
   * BpfError: `ENOENT` without such a variable, `ERANGE` when the value does not fit.
   */
  setRodata(name: string, value: number | bigint | Uint8Array): void {
    const operation = `${this.#path}: setting ${name}`;
    this.#variables ??= this.#readVariables();
    const variable = this.#variables.find((one) => one.name === name && one.section.startsWith('.rodata'));
    if (variable === undefined) {
      throw new BpfError('ENOENT', operation, 'there is no such `const volatile` variable that a program uses');
    }
    const bytes = typeof value === 'object' ? value : littleEndian(value, variable.size, operation);
    if (bytes.length !== variable.size) {
      throw new BpfError('ERANGE', operation, `it has ${variable.size} bytes and ${bytes.length} were given`);
    }
    attempt(operation, (addon) => addon.initialiseMap(this.#handle, variable.section, variable.offset, bytes));
  }

  /** The size of a map before `load`; of a ring buffer in bytes, a power of two and whole pages. */
  setMaxEntries(map: string, entries: number): void {
    this.#configureMap(map, `setting the size of ${map}`, 'maxEntries', entries);
  }

  /** Uses another object's map (its `fd`) instead of creating this one; both must agree in type and sizes. Before `load`. */
  reuseMap(map: string, fd: number): void {
    this.#configureMap(map, `reusing map ${map}`, 'reuse', fd);
  }

  /** Whether `load` creates this map; a map that no loaded program uses may be left out. */
  setAutocreate(map: string, create: boolean): void {
    this.#configureMap(map, `choosing map ${map}`, 'autocreate', Number(create));
  }

  /** Whether `load` loads this program. */
  setAutoload(program: string, load: boolean): void {
    const operation = `${this.#path}: choosing program ${program}`;
    attempt(operation, (addon) => addon.configureProgram(this.#handle, program, 'autoload', Number(load)));
  }

  /** For what libbpf cannot read off the section's name: `uprobe_multi` for a program of SEC("uprobe"). Before `load`. */
  setExpectedAttachType(program: string, type: keyof typeof attachTypes): void {
    const operation = `${this.#path}: setting the attach type of ${program}`;
    attempt(operation, (addon) => addon.configureProgram(this.#handle, program, 'attachType', attachTypes[type]));
  }

  /**
   * Creates the maps, adapts the programs to this kernel (CO-RE) and has them verified. Throws a BpfError: its `program` is
   * the one that failed, its `log` ends with the verifier's. After a failure the object can only be closed.
   */
  load(): void {
    try {
      attempt(`loading ${this.#path}`, (addon) => addon.loadObject(this.#handle));
    } catch (error) {
      throw this.#withVerifierLog(error as BpfError);
    }
    this.#state = 'loaded';
  }

  /** A program of this object; always the same one for the same name. Throws a BpfError (`ENOENT`) when there is none. */
  program(name: string): BpfProgram {
    const known = this.#programs.get(name);
    if (known !== undefined) return known;
    const description = this.#descriptions.programs.find((one) => one.name === name);
    if (description === undefined) return this.#missing(`${this.#path}: program ${name}`, this.programs);
    const fd = this.#cached(`program ${name}`, (handle) => loadAddon().programFd(handle, name));
    const program = new BpfProgram(this.#path, description, fd, () => textOf(this.#logs.get(name)));
    this.#programs.set(name, program);
    return program;
  }

  /** A map of this object; after `load` always the same one for the same name. Throws a BpfError (`ENOENT`) when there is none. */
  map(name: string): BpfMap {
    const known = this.#maps.get(name);
    if (known !== undefined) return known;
    const description = this.#describeMap(name, `map ${name}`);
    const fd = this.#cached(`map ${name}`, (handle) => loadAddon().mapFd(handle, description.name));
    const map = new BpfMap({ ...description, name, type: nameOf(mapTypes, description.type) }, fd);
    // Sizes may still change before load.
    if (this.#state === 'loaded') this.#maps.set(name, map);
    return map;
  }

  /** Lets go of programs and maps; a second call does nothing. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    loadAddon().closeObject(this.#handle);
    this.#logs.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #configureMap(map: string, what: string, setting: 'maxEntries' | 'reuse' | 'autocreate', value: number): void {
    const { name } = this.#describeMap(map, what);
    attempt(`${this.#path}: ${what}`, (addon) => addon.configureMap(this.#handle, name, setting, value));
  }

  /** As libbpf knows it now: a map that reuses another takes that one's name, so ours are told by their place in the list. */
  #describeMap(name: string, what: string): MapDescription {
    const operation = `${this.#path}: ${what}`;
    this.#checkOpen(operation);
    const { maps } = attempt(operation, (addon) => addon.describeObject(this.#handle));
    return maps[this.maps.indexOf(name)] ?? this.#missing(operation, this.maps);
  }

  /** The descriptor of something loaded: asked for once, because maps are used often. */
  #cached(what: string, read: (handle: ObjectHandle) => number): () => number {
    const operation = `${this.#path}: ${what}`;
    let known = -1;
    return () => {
      this.#checkOpen(operation);
      if (known < 0) known = read(this.#handle);
      if (known >= 0) return known;
      throw new BpfError('EBADF', operation, 'it is not in the kernel: load() was not called, or left it out');
    };
  }

  #checkOpen(operation: string): void {
    if (this.#state === 'closed') throw new BpfError('EBADF', operation, 'the object is closed');
  }

  #keepLogs({ level, bytes }: { level: number; bytes: number }): void {
    for (const name of this.programs) {
      const buffer = new Uint8Array(bytes);
      this.#logs.set(name, buffer);
      attempt(`${this.#path}: keeping the log of ${name}`, (addon) => {
        addon.configureProgram(this.#handle, name, 'logLevel', level);
        addon.programLog(this.#handle, name, buffer);
      });
    }
  }

  /** With `verifierLog` the verifier writes into our buffers instead of libbpf's messages. */
  #withVerifierLog(error: BpfError): BpfError {
    const kept = textOf(this.#logs.get(error.program ?? ''));
    if (kept === '') return error;
    return error.withLog(`${kept}${error.log}`);
  }

  #readVariables(): Variable[] {
    const bytes = attempt(`${this.#path}: reading its BTF`, (addon) => addon.objectBtf(this.#handle));
    return bytes === undefined ? [] : new Btf(bytes).variables();
  }

  #missing(operation: string, names: string[]): never {
    throw new BpfError('ENOENT', operation, `there is none of that name, only ${names.join(', ') || 'none at all'}`);
  }
}

function littleEndian(value: number | bigint, size: number, operation: string): Uint8Array {
  const bytes = new Uint8Array(8);
  const bits = BigInt(size) * 8n;
  const number = BigInt(value);
  const fits = size <= 8 && number < 1n << bits && number >= -(1n << (bits - 1n));
  if (!fits) throw new BpfError('ERANGE', operation, `${value} does not fit into its ${size} bytes`);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, number), true);
  return bytes.subarray(0, size);
}

function textOf(log: Uint8Array | undefined): string {
  if (log === undefined) return '';
  const end = log.indexOf(0);
  return Buffer.from(log.buffer, log.byteOffset, end < 0 ? log.length : end).toString('utf8');
}
