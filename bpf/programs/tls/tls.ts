/** Loads the programs that see what TLS libraries' callers read and write, and joins them to probe points of binaries. */
import { fileURLToPath } from 'node:url';
import { BpfError, type BpfLink, type BpfObject, openObject } from 'libbpfjs';
import { goFields } from '../../uprobes/go-offsets.ts';
import { grpcLayouts } from '../../uprobes/grpc-layouts.ts';
import type { ProbePoint } from '../../uprobes/point.ts';
import { type SharedSockets, shareSockets } from '../sockets/sockets.ts';
import { probesConstants as constants, grpcLayout, probe } from './probes.gen.ts';

/** Which program serves a binary: that of TLS libraries (OpenSSL, GnuTLS), or that of Go. */
export const families = ['library', 'go'] as const;
export type Family = (typeof families)[number];

export interface TlsOptions {
  /** Only these are loaded. */
  families?: readonly Family[];
  /** Folder of the compiled objects. */
  objects?: string;
}

/** A binary's probes; without a process id those of every process that runs the file, now or later. */
export interface ProbePlan {
  family: Family;
  path: string;
  points: readonly ProbePoint[];
  pid?: number;
}

const objects: Record<Family, { file: string; program: string }> = {
  library: { file: 'tls.bpf.o', program: 'tls_library' },
  go: { file: 'go-tls.bpf.o', program: 'tls_go' },
};

const goConstants: Record<string, number | Uint8Array> = {
  tls_connection: goFields.tlsConnection,
  interface_pointer: goFields.interfacePointer,
  net_fd_sysfd: goFields.netFdSysfd,
  net_fd_family: goFields.netFdFamily,
  http2_server_connection: goFields.http2ServerConnection,
  http2_stream_id: goFields.http2StreamId,
  grpc_layouts: grpcTable(),
};

/** Loads what the kernel takes, in any thread; `failures` tells of the rest. Nothing is probed yet. */
export function openTls(sockets: SharedSockets, options: TlsOptions = {}): TlsProgram {
  return new TlsProgram(sockets, options);
}

/** The programs at work, until `close`. */
export class TlsProgram {
  /** Families that did not load, with the kernel's reason. */
  readonly failures = new Map<Family, BpfError>();
  readonly #objects = new Map<Family, { object: BpfObject; multi: boolean }>();

  constructor(sockets: SharedSockets, { families: wanted = families, objects: folder }: TlsOptions) {
    for (const family of wanted) {
      try {
        this.#objects.set(family, load(sockets, family, folder ?? fileURLToPath(new URL('../build', import.meta.url))));
      } catch (error) {
        if (!(error instanceof BpfError)) throw error;
        this.failures.set(family, error);
      }
    }
  }

  /** Whether binaries of this family can be probed. */
  has(family: Family): boolean {
    return this.#objects.has(family);
  }

  /**
   * Joins a binary. Throws a BpfError, and then nothing of it is probed. Points whose program is not known here are left out.
   * What a call returns is watched first and left last, so that hardly a call is seen to begin and not to end.
   */
  attach(plan: ProbePlan): ProbeLinks {
    const loaded = this.#objects.get(plan.family);
    const { file, program: name } = objects[plan.family];
    if (loaded === undefined) throw new BpfError('ENOENT', `probing ${plan.path}`, `${file} is not loaded`);
    const program = loaded.object.program(name);
    const links: BpfLink[] = [];
    try {
      for (const isReturn of [true, false]) {
        const points = plan.points.filter((point) => point.isReturn === isReturn && cookieOf(point) !== undefined);
        if (points.length === 0) continue;
        const place = { path: plan.path, isReturn, ...(plan.pid === undefined ? {} : { pid: plan.pid }) };
        if (loaded.multi) {
          const offsets = points.map(({ offset }) => offset);
          const cookies = points.map((point) => cookieOf(point)!);
          links.push(program.attach({ kind: 'uprobe_multi', ...place, offsets, cookies }));
          continue;
        }
        for (const point of points) {
          links.push(program.attach({ kind: 'uprobe', ...place, offset: point.offset, cookie: cookieOf(point)! }));
        }
      }
    } catch (error) {
      for (const link of links) link.detach();
      throw error;
    }
    return new ProbeLinks(links);
  }

  /** Runs of the programs and their time; zeros unless the kernel counts them (`enableRunTimeStats` of libbpfjs). */
  statistics(): { name: string; runs: number; timeNs: number }[] {
    return [...this.#objects].map(([family, { object }]) => {
      const { program: name } = objects[family];
      const { runCount, runTimeNs } = object.program(name).info();
      return { name, runs: runCount, timeNs: runTimeNs };
    });
  }

  /** Lets go of the programs; links that were not detached keep them at work. */
  close(): void {
    for (const { object } of this.#objects.values()) object.close();
    this.#objects.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** One binary's probes. */
export class ProbeLinks {
  readonly #links: BpfLink[];

  constructor(links: BpfLink[]) {
    this.#links = links;
  }

  /** Takes the kernel about 20 ms; a second call does nothing. */
  detach(): void {
    while (this.#links.length > 0) this.#links.pop()!.detach();
  }

  [Symbol.dispose](): void {
    this.detach();
  }
}

/** Since Linux 6.6 one link holds all probes of a file; before, each is its own, and takes long to go. */
function load(sockets: SharedSockets, family: Family, folder: string): { object: BpfObject; multi: boolean } {
  let first: unknown;
  for (const multi of [true, false]) {
    const object = openObject(`${folder}/${objects[family].file}`);
    try {
      if (multi) object.setExpectedAttachType(objects[family].program, 'uprobe_multi');
      if (family === 'go') for (const [name, value] of Object.entries(goConstants)) object.setRodata(name, value);
      shareSockets(object, sockets);
      object.load();
      return { object, multi };
    } catch (error) {
      object.close();
      first ??= error;
    }
  }
  throw first;
}

/** `struct grpc_layout` for each layout, at its number. */
function grpcTable(): Uint8Array {
  const table = new Uint8Array(constants.GRPC_LAYOUTS * grpcLayout.size);
  const view = new DataView(table.buffer);
  for (const [index, layout] of grpcLayouts.entries()) {
    const at = (index + 1) * grpcLayout.size;
    view.setUint16(at + grpcLayout.streamId, layout.streamId, true);
    view.setUint16(at + grpcLayout.streamIsPointer, layout.streamIsPointer ? 1 : 0, true);
    view.setUint16(at + grpcLayout.clientTransport, layout.clientTransport, true);
    view.setUint16(at + grpcLayout.clientConnection, layout.clientConnection, true);
    view.setUint16(at + grpcLayout.serverConnection, layout.serverConnection, true);
  }
  return table;
}

/** Where the result lies, as the point says, and which function it is; undefined for functions that no program here reads. */
function cookieOf({ program, cookie }: ProbePoint): bigint | undefined {
  const name = program.replace(/_./g, (two) => two[1]!.toUpperCase()) as keyof typeof probe;
  const number = probe[name];
  return number === undefined ? undefined : cookie | (BigInt(number) << BigInt(constants.COOKIE_PROBE_SHIFT));
}
