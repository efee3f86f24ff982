/** Loads the program that sees every process's socket calls, sets its filters and limits while it runs, and reads its counters. */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BpfError, type BpfLink, type BpfMap, type BpfObject, type BpfProgram, openObject } from 'libbpfjs';
import { threadsConstants as constants, counter, processState, verdict } from '../threads.gen.ts';
import { command, commandArguments, fileMode, portLimit, portMode, portSet, settings } from './options.gen.ts';

/** How the program is joined to the kernel; the first that loads is taken. */
export const hooks = ['tp_btf', 'raw_tp', 'tracepoint'] as const;
export type Hook = (typeof hooks)[number];

export interface SocketsOptions {
  /** Size of the ring that all programs share; a power of two. */
  ringBytes: number;
  /** Whether processes that no filter names are traced. */
  traceByDefault: boolean;
  /** The process that is never traced, and its pid namespace: the collector itself. 0: none. */
  ownPid?: number;
  /** Verdicts by cgroup are asked for; without it `setCgroup` has no effect. */
  filterCgroups?: boolean;
  unixSockets?: boolean;
  /** Connections with one of these ports at either end: only them, or all but them. */
  ports?: { mode: 'only' | 'except'; ports: readonly number[] };
  /** `in_call`: only while the thread works on something it read from a socket. */
  files?: { mode: 'in_call' | 'all'; minLatencyNs: number };
  /** Bytes of payload of a call on a socket for which no limit was set; up to 16,384. */
  unknownPayloadBytes?: number;
  /** Bytes that wait in the ring before its reader is woken. */
  wakeBytes?: number;
  /** Sockets, and processes with a filter of their own, that the kernel remembers; the oldest socket is forgotten for a new one. */
  maxSockets?: number;
  maxProcesses?: number;
  /** Only these kinds of hooks are tried. */
  hooks?: readonly Hook[];
  /** Folder of the compiled objects. */
  objects?: string;
}

export interface ProcessRule {
  /** `default`: as cgroups and `traceByDefault` say. */
  trace: 'yes' | 'no' | 'default';
  /** Where a Go program's goroutine is found: offset of g's pointer from the thread pointer (fsbase), of g.goid and g.parentGoid (0: none) in g. */
  go?: { gOffset: number; goidOffset: number; parentGoidOffset: number };
}

/** How much payload of a socket is sent. */
export interface PayloadLimit {
  /** Bytes of one call, or with `heads` of one message, up to 16,384. 0: events tell lengths only. */
  bytes: number;
  /** HTTP/1: what follows a message's first `bytes` is not sent until another message begins. */
  heads?: boolean;
  /** No events of data at all. */
  mute?: boolean;
}

export type CounterName = Exclude<keyof typeof counter, 'counters'>;
export type Counters = Record<CounterName, number>;

export interface ProgramStatistics {
  name: string;
  runs: number;
  timeNs: number;
}

/** Loads and attaches. Throws the BpfError of the first kind of hooks when none of them loads. */
export function openSockets(options: SocketsOptions): SocketsProgram {
  let first: unknown;
  for (const hook of options.hooks ?? hooks) {
    try {
      return new SocketsProgram(options, hook);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

const objectNames: Record<Hook, string> = {
  tp_btf: 'sockets.bpf.o',
  raw_tp: 'sockets-raw.bpf.o',
  tracepoint: 'sockets-tracepoint.bpf.o',
};

/** Their tracepoints are absent on some kernels: requests through io_uring are then not counted, and some sockets' ends are told late. */
const optionalPrograms = ['sockets_io_uring', 'sockets_destroy'];
/** Joined last, so that what begins is not told before what it needs is watched. */
const lastPrograms = ['sockets_enter', 'sockets_exit'];

/** Run by us, joined to nothing. */
const commandProgram = 'sockets_command';

/** What other programs have in common with the program. */
export interface SharedSockets {
  /** By which it is joined to the kernel: with another than `tp_btf`, threads are kept in a map of another kind. */
  hook: Hook;
  /** Descriptors by name. */
  maps: Record<string, number>;
  constants: Constants;
}

/**
 * Lets an object that was opened but not loaded use the program's maps and have its settings: its events come in the same ring, and it
 * asks the same filters. Only objects made for the same kind of hooks share threads.
 */
export function shareSockets(object: BpfObject, { maps, constants }: SharedSockets): void {
  for (const name of object.maps) if (maps[name] !== undefined) object.reuseMap(name, maps[name]);
  setConstants(object, constants);
}

/** Values of `const volatile` variables, by name. */
type Constants = Record<string, number | bigint | undefined>;

const zero = new Uint32Array(1);

/** The program at work, until `close`. Methods throw a BpfError when the kernel refuses, which for a map means that it is full. */
export class SocketsProgram {
  readonly hook: Hook;
  /** Optional programs that this kernel does not take. */
  readonly missing: readonly string[];
  readonly #object: BpfObject;
  readonly #constants: Constants;
  readonly #links: BpfLink[] = [];
  readonly #processes: BpfMap;
  readonly #settings: BpfMap;
  readonly #drops: BpfMap;
  readonly #settingsValue = new Uint32Array(settings.size / 4);
  readonly #commandProgram: BpfProgram;
  readonly #commandBytes = new Uint8Array(commandArguments.size);
  readonly #commandView = new DataView(this.#commandBytes.buffer);
  #generation = 1;
  #traceByDefault: boolean;

  constructor(options: SocketsOptions, hook: Hook) {
    this.hook = hook;
    this.#traceByDefault = options.traceByDefault;
    this.#constants = constantsOf(options);
    [this.#object, this.missing] = load(options, hook, this.#constants);
    this.#processes = this.#object.map('processes');
    this.#commandProgram = this.#object.program(commandProgram);
    this.#settings = this.#object.map('settings');
    this.#drops = this.#object.map('drops');
    try {
      if (options.ports !== undefined) this.#object.map('ports').update(zero, bitsOf(options.ports.ports));
      this.#publish();
      this.#attach();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A map of the program, to be read or reused by other programs: `events`, `threads`, `sockets`, `processes`, `goroutines`, `drops`. */
  map(name: string): BpfMap {
    return this.#object.map(name);
  }

  /** Its maps and settings, as `shareSockets` takes them, in this thread or another of the process; of use until `close`. */
  get shared(): SharedSockets {
    const names = this.#object.maps.filter((name) => !name.includes('.'));
    return {
      hook: this.hook,
      maps: Object.fromEntries(names.map((name) => [name, this.#object.map(name).fd])),
      constants: this.#constants,
    };
  }

  /** Whether processes that no filter names are traced. */
  set traceByDefault(trace: boolean) {
    this.#traceByDefault = trace;
    this.#publish();
  }

  /** Children inherit it until they execute another program. In force when the call returns. */
  setProcess(pid: number, { trace, go }: ProcessRule): void {
    const value = new Uint8Array(processState.size);
    const view = new DataView(value.buffer);
    const verdicts = { yes: verdict.trace, no: verdict.ignore, default: verdict.none };
    view.setUint32(processState.verdict, verdicts[trace], true);
    if (go !== undefined) {
      view.setUint32(processState.flags, constants.PROCESS_GO, true);
      view.setInt32(processState.gOffset, go.gOffset, true);
      view.setUint32(processState.goidOffset, go.goidOffset, true);
      view.setUint32(processState.parentGoidOffset, go.parentGoidOffset, true);
    }
    this.#processes.update(Uint32Array.of(pid), value);
    this.#publish();
  }

  /** The kernel forgets a process by itself when it ends. */
  deleteProcess(pid: number): void {
    this.#processes.delete(Uint32Array.of(pid));
    this.#publish();
  }

  /** True once a traced process was seen to use io_uring on sockets, whose calls the program does not see. */
  usesIoUring(pid: number): boolean {
    const value = this.#processes.lookup(Uint32Array.of(pid));
    return value !== undefined && (value[processState.flags]! & constants.PROCESS_IO_URING) !== 0;
  }

  /** A rule for the processes of a cgroup (version 2) and of those below it that have none of their own; `id` is the inode of its folder. */
  setCgroup(id: number, trace: 'yes' | 'no' | 'default'): void {
    const cgroups = this.#object.map('cgroups');
    const key = BigUint64Array.of(BigInt(id));
    if (trace === 'default') cgroups.delete(key);
    else cgroups.update(key, Uint32Array.of(trace === 'yes' ? verdict.trace : verdict.ignore));
    this.#publish();
  }

  /**
   * Limits what is sent of a socket: of what its system calls move (`wire`) or what a TLS library's caller sees (`clear`).
   * `seenNs` is `timeNs` of the newest event of it that led to this. False when that socket is gone: another one may have
   * its name by now, and keeps its own limit.
   */
  setLimit(socket: number, plane: 'wire' | 'clear', { bytes, heads, mute }: PayloadLimit, seenNs: number): boolean {
    const flags = constants.LIMIT_SET | (heads ? constants.LIMIT_HEADS : 0) | (mute ? constants.LIMIT_MUTE : 0);
    return this.#command(plane === 'wire' ? 'limitWire' : 'limitClear', socket, seenNs, bytes, flags);
  }

  /** Has Go's probes tell the table of header fields that the next block of this direction refers to. False as with `setLimit`. */
  askTable(socket: number, direction: 0 | 1, seenNs: number): boolean {
    return this.#command('askTable', socket, seenNs, direction, 0);
  }

  /** The kernel side writes what is meant: it counts in the rest of a socket's memory meanwhile. */
  #command(name: keyof typeof command, socket: number, seenNs: number, value: number, flags: number): boolean {
    const view = this.#commandView;
    view.setBigUint64(commandArguments.socket, BigInt(socket), true);
    view.setBigUint64(commandArguments.seenNs, BigInt(seenNs), true);
    view.setBigUint64(commandArguments.command, BigInt(command[name]), true);
    view.setBigUint64(commandArguments.value, BigInt(value), true);
    view.setBigUint64(commandArguments.flags, BigInt(flags), true);
    return this.#commandProgram.testRun({ context: this.#commandBytes }).returned === 1;
  }

  /** What new connections to a server's port begin with, in bytes of one call; 0: as sockets of which nothing is known. */
  setPortLimit(port: number, plane: 'wire' | 'clear', bytes: number): void {
    const map = this.#object.map('port_limits');
    const value = map.lookup(Uint32Array.of(port)) ?? new Uint8Array(portLimit.size);
    new DataView(value.buffer, value.byteOffset).setUint32(portLimit[plane], bytes, true);
    map.update(Uint32Array.of(port), value);
  }

  /** Since the program was loaded, over all CPUs. */
  counters(): Counters {
    const sums = {} as Counters;
    for (const [name, index] of Object.entries(counter)) {
      if (name === 'counters') continue;
      let sum = 0;
      for (const value of this.#drops.lookupPerCpu(Uint32Array.of(index)) ?? []) {
        sum += Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
      }
      sums[name as CounterName] = sum;
    }
    return sums;
  }

  /** Runs of each program; zeros unless the kernel counts them (`enableRunTimeStats` of libbpfjs). */
  statistics(): ProgramStatistics[] {
    return this.#loaded().map((name) => {
      const { runCount, runTimeNs } = this.#object.program(name).info();
      return { name, runs: runCount, timeNs: runTimeNs };
    });
  }

  /** Nothing more is told; what waits in the ring stays until `close`. */
  detach(): void {
    for (const link of this.#links.splice(0)) link.detach();
  }

  /** Detaches and unloads; maps that another program reuses stay with that. A second call does nothing. */
  close(): void {
    this.detach();
    this.#object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #loaded(): string[] {
    return this.#object.programs.filter((name) => !this.missing.includes(name));
  }

  #attach(): void {
    const early = this.#loaded().filter((name) => !lastPrograms.includes(name) && name !== commandProgram);
    for (const name of [...early, ...lastPrograms]) {
      this.#links.push(this.#object.program(name).attach({ kind: 'auto' }));
    }
  }

  /** Every thread asks the filters again at its next call. */
  #publish(): void {
    this.#settingsValue[settings.generation / 4] = this.#generation++;
    this.#settingsValue[settings.defaultVerdict / 4] = this.#traceByDefault ? verdict.trace : verdict.ignore;
    this.#settings.update(zero, this.#settingsValue);
  }
}

/** The object in the kernel, and the optional programs it had to do without. */
function load(options: SocketsOptions, hook: Hook, constants: Constants): [BpfObject, string[]] {
  const missing: string[] = [];
  for (;;) {
    const object = open(options, hook, constants);
    for (const name of missing) object.setAutoload(name, false);
    try {
      object.load();
      return [object, missing];
    } catch (error) {
      object.close();
      const failed = error instanceof BpfError ? error.program : undefined;
      if (failed === undefined || !optionalPrograms.includes(failed) || missing.includes(failed)) throw error;
      missing.push(failed);
    }
  }
}

function open(options: SocketsOptions, hook: Hook, constants: Constants): BpfObject {
  const folder = options.objects ?? fileURLToPath(new URL('../build', import.meta.url));
  const object = openObject(`${folder}/${objectNames[hook]}`);
  try {
    configure(object, options, constants);
    return object;
  } catch (error) {
    object.close();
    throw error;
  }
}

function configure(object: BpfObject, options: SocketsOptions, constants: Constants): void {
  constants.possible_cpus = object.map('drops').lookupSize / 8;
  setConstants(object, constants);
  object.setMaxEntries('events', options.ringBytes);
  if (options.maxSockets !== undefined) object.setMaxEntries('sockets', options.maxSockets);
  if (options.maxProcesses !== undefined) object.setMaxEntries('processes', options.maxProcesses);
}

/** What programs are told before they are loaded: their `const volatile` variables. */
function constantsOf(options: SocketsOptions): Constants {
  const { ownPid = process.pid, files, ports } = options;
  const namespace = statSync('/proc/self/ns/pid', { bigint: true });
  return {
    own_pid: ownPid,
    own_namespace_device: namespace.dev,
    own_namespace_inode: namespace.ino,
    trace_unix: Number(options.unixSockets ?? false),
    filter_cgroups: Number(options.filterCgroups ?? false),
    port_mode: portMode[ports?.mode ?? 'all'],
    file_mode: fileMode[files === undefined ? 'off' : files.mode === 'all' ? 'all' : 'inCall'],
    file_min_ns: files?.minLatencyNs,
    cap_unknown: options.unknownPayloadBytes,
    wake_bytes: options.wakeBytes,
    // The second of the start times 2^21: see trace_seed in shared/threads.h.
    trace_seed: BigInt(Math.floor(Date.now() / 1000)) << 21n,
  };
}

/** A variable that no program of the object uses is not there. */
function setConstants(object: BpfObject, values: Constants): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    try {
      object.setRodata(name, value);
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== 'ENOENT') throw error;
    }
  }
}

function bitsOf(ports: readonly number[]): Uint8Array {
  const bits = new Uint8Array(portSet.size);
  for (const port of ports) bits[port >> 3]! |= 1 << (port & 7);
  return bits;
}
