/** The native part: its functions with their types, loaded when first asked for. Each throws an Error with `code`, the name of an errno. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BpfError } from './error.ts';

export type ObjectHandle = { readonly brand: 'object' };
export type RingHandle = { readonly brand: 'ring' };

/** Keys and values: memory of any element type, at least as long as the map's sizes. */
export type Bytes = Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Int32Array | BigInt64Array;

export interface ProgramDescription {
  name: string;
  /** As in SEC("…"). */
  section: string;
  /** BPF_PROG_TYPE_* and BPF_* attach types of linux/bpf.h. */
  type: number;
  attachType: number;
}

export interface MapDescription {
  name: string;
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
}

export interface Addon {
  openObject(path: string, kernelBtf: string | undefined): ObjectHandle;
  loadObject(handle: ObjectHandle): void;
  closeObject(handle: ObjectHandle): void;
  objectBtf(handle: ObjectHandle): Uint8Array | undefined;
  describeObject(handle: ObjectHandle): { programs: ProgramDescription[]; maps: MapDescription[] };
  configureProgram(
    handle: ObjectHandle,
    name: string,
    what: 'autoload' | 'attachType' | 'logLevel',
    value: number,
  ): void;
  /** The caller keeps `buffer` alive until the object is closed. */
  programLog(handle: ObjectHandle, name: string, buffer: Uint8Array): void;
  programFd(handle: ObjectHandle, name: string): number;
  configureMap(handle: ObjectHandle, name: string, what: 'maxEntries' | 'reuse' | 'autocreate', value: number): void;
  initialiseMap(handle: ObjectHandle, name: string, offset: number, bytes: Uint8Array): void;
  mapFd(handle: ObjectHandle, name: string): number;
  mapLookup(fd: number, keySize: number, valueSize: number, key: Bytes, into: Bytes): boolean;
  mapUpdate(fd: number, keySize: number, valueSize: number, key: Bytes, value: Bytes, flags: number): boolean;
  mapDelete(fd: number, keySize: number, valueSize: 0, key: Bytes): boolean;
  mapKeys(fd: number, keySize: number, into: Uint8Array): number;
  createMap(type: number, name: string, keySize: number, valueSize: number, maxEntries: number, flags: number): number;
  createTaskStorage(): number;
  /** Fills id, run time in ns, runs, verified instructions, bytes of machine code. */
  programInfo(fd: number, numbers: Float64Array): void;
  /** Fills the returned value and the mean duration in ns. */
  runProgram(
    fd: number,
    data: Uint8Array | undefined,
    context: Uint8Array | undefined,
    repeat: number,
    numbers: Float64Array,
  ): void;
  probeProgram(type: number, attachType: number, kernelType: number): number;
  enableStats(): number;
  /** Fills id, type and the program's id. */
  linkInfo(fd: number, numbers: Float64Array): void;
  openRawTracepoint(programFd: number, name: string | undefined): number;
  /** `numbers`: type, config, sampling (0 none, 1 period, 2 frequency), its value, offset of a probe in the file at `path`. */
  openPerfEvent(pid: number, cpu: number, numbers: BigUint64Array, path: string | undefined): number;
  attachPerfEvent(programFd: number, perfFd: number, cookie: bigint): number;
  attachUprobeMulti(
    programFd: number,
    path: string,
    offsets: BigUint64Array,
    cookies: BigUint64Array | undefined,
    pid: number,
    isReturn: number,
  ): number;
  attachCgroup(programFd: number, cgroupFd: number, attachType: number): number;
  attachIterator(programFd: number): number;
  /** The descriptor is read once, from its beginning to its end. */
  openIterator(linkFd: number): number;
  closeFd(fd: number): boolean;
  possibleCpus(): number;
  kernelType(name: string, attachType: number): number;
  libbpfVersion(): string;
  takeLog(): string;
  openRing(
    fd: number,
    size: number,
    offsets: Uint32Array,
    lengths: Uint32Array,
    copy: number,
    maxRecordBytes: number,
  ): { handle: RingHandle; data: ArrayBuffer; zeroCopy: boolean };
  watchRing(handle: RingHandle, onReadable: () => void): void;
  claimRing(handle: RingHandle, maxBytes: number): number;
  releaseRing(handle: RingHandle): void;
  waitingRing(handle: RingHandle): number;
  closeRing(handle: RingHandle): void;
}

/** Built by `npx libbpfjs-build`. */
export const addonPath = fileURLToPath(new URL('../build/libbpfjs.node', import.meta.url));

let loaded: Addon | undefined;

/** Throws a BpfError (`NO_ADDON`) that says what to do when the addon was not built, or not for this machine. */
export function loadAddon(): Addon {
  try {
    loaded ??= createRequire(import.meta.url)(addonPath) as Addon;
    return loaded;
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    const advice = 'install libbpf-dev and gcc, then run `npx libbpfjs-build`';
    throw new BpfError('NO_ADDON', 'loading the native part of libbpfjs', `${reason}; ${advice}`, { cause: error });
  }
}

/** Runs one native call; what it throws becomes a BpfError that names the operation and holds what libbpf said meanwhile. */
export function attempt<T>(operation: string, call: (addon: Addon) => T): T {
  const addon = loadAddon();
  addon.takeLog();
  try {
    return call(addon);
  } catch (error) {
    throw toBpfError(error as Error, operation, addon.takeLog());
  }
}

function toBpfError(error: Error, operation: string, log: string): BpfError {
  const code = (error as Error & { code?: string }).code ?? 'EINVAL';
  const program = /prog '([^']+)'/.exec(log)?.[1];
  return new BpfError(code, operation, `${error.message}${adviceFor(code)}`, { cause: error, log, program });
}

function adviceFor(code: string): string {
  switch (code) {
    case 'EPERM':
      return '; eBPF needs root, or CAP_BPF and CAP_PERFMON (networking programs CAP_NET_ADMIN)';
    case 'EMFILE':
      return '; raise the limit of open files (ulimit -n)';
    default:
      return '';
  }
}
