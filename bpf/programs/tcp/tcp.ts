/** Loads the program that tells of TCP connections by the kernel's own counters, and reads those of open ones. */
import { fileURLToPath } from 'node:url';
import { BpfError, type BpfLink, type BpfMap, type BpfObject, openObject } from 'libbpfjs';

export interface TcpOptions {
  /** The ring that all programs share: map `events` of the sockets' program. */
  events: BpfMap;
  /** Bytes that wait in the ring before its reader is woken. */
  wakeBytes?: number;
  /** Connections of which the kernel remembers what its counters do not tell; the oldest is forgotten for a new one. */
  maxConnections?: number;
  /** Folder of the compiled objects. */
  objects?: string;
}

/** What is not told where a program is missing. */
export const tcpPrograms = {
  open_connections: 'open connections between their begin and their end',
  retransmitted: 'repeated SYN packets',
  reset_received: 'resets that were received',
  reset_sent: 'resets that were sent, and why',
  dropped_at_socket: 'packets that were dropped before they reached their socket, and why',
  dropped: 'packets that were dropped, and why',
} as const;
export type TcpProgramName = keyof typeof tcpPrograms;

const optional = Object.keys(tcpPrograms) as TcpProgramName[];
const iterator = 'open_connections';

/** Loads and attaches. Throws a BpfError when the kernel takes not even the programs for begin and end of connections. */
export function openTcp(options: TcpOptions): TcpProgram {
  return new TcpProgram(options);
}

/** The program at work, until `close`. */
export class TcpProgram {
  /** Programs that this kernel does not take. */
  readonly missing: readonly TcpProgramName[];
  readonly #object: BpfObject;
  readonly #links: BpfLink[] = [];
  #iterator: BpfLink | undefined;
  readonly #buffer = new Uint8Array(64 * 1024);

  constructor(options: TcpOptions) {
    [this.#object, this.missing] = load(options);
    try {
      for (const name of this.#loaded()) {
        const link = this.#object.program(name).attach({ kind: 'auto' });
        if (name === iterator) this.#iterator = link;
        this.#links.push(link);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * A record (`struct event` and `struct tcp_event`) for each descriptor of an open connection, of all processes and network
   * namespaces; undefined where the kernel does not offer it. Takes about 0.2 us for each descriptor of the host.
   */
  openConnections(): Uint8Array | undefined {
    return this.#iterator?.read(this.#buffer);
  }

  /** Records that found no room in the ring, since the program was loaded. */
  lost(): number {
    let sum = 0;
    for (const value of this.#object.map('tcp_lost').lookupPerCpu(Uint32Array.of(0)) ?? []) {
      sum += Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
    }
    return sum;
  }

  /** Runs of each program; zeros unless the kernel counts them (`enableRunTimeStats` of libbpfjs). */
  statistics(): { name: string; runs: number; timeNs: number }[] {
    return this.#loaded().map((name) => {
      const { runCount, runTimeNs } = this.#object.program(name).info();
      return { name, runs: runCount, timeNs: runTimeNs };
    });
  }

  /** Nothing more is told. */
  detach(): void {
    this.#iterator = undefined;
    for (const link of this.#links.splice(0)) link.detach();
  }

  /** Detaches and unloads. A second call does nothing. */
  close(): void {
    this.detach();
    this.#object.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #loaded(): string[] {
    return this.#object.programs.filter((name) => !this.missing.includes(name as TcpProgramName));
  }
}

/** The object in the kernel, and the programs it had to do without. */
function load(options: TcpOptions): [BpfObject, TcpProgramName[]] {
  // Of the two that tell of drops the better one.
  const missing: TcpProgramName[] = ['dropped'];
  for (;;) {
    const object = openObject(`${options.objects ?? fileURLToPath(new URL('../build', import.meta.url))}/tcp.bpf.o`);
    try {
      configure(object, options);
      for (const name of missing) object.setAutoload(name, false);
      object.load();
      return [object, missing];
    } catch (error) {
      object.close();
      const failed = optional.find((name) => error instanceof BpfError && name === error.program);
      if (failed === undefined || missing.includes(failed)) throw error;
      missing.push(failed);
      if (failed === 'dropped_at_socket') missing.splice(missing.indexOf('dropped'), 1);
    }
  }
}

function configure(object: BpfObject, { events, wakeBytes, maxConnections }: TcpOptions): void {
  object.reuseMap('events', events.fd);
  if (wakeBytes !== undefined) object.setRodata('wake_bytes', wakeBytes);
  if (maxConnections !== undefined) object.setMaxEntries('connections', maxConnections);
}
