/** Loads the programs that see what TLS libraries' callers read and write, and joins them to probe points of binaries. */
import { fileURLToPath } from 'node:url';
import { BpfError, type BpfLink, type BpfObject, type BpfProgram, openObject } from 'libbpfjs';
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
  /** False: as on kernels before 6.6, where each probe is a link of its own. */
  multi?: boolean;
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

/** `typed` goes with the hooks `tp_btf` of sockets, `raw` with all others. */
const objects: Record<Family, { typed: string; raw: string; program: string }> = {
  library: { typed: 'tls.bpf.o', raw: 'tls-raw.bpf.o', program: 'tls_library' },
  go: { typed: 'go-tls.bpf.o', raw: 'go-tls-raw.bpf.o', program: 'tls_go' },
};

const goConstants: Record<string, number | Uint8Array> = {
  tls_connection: goFields.tlsConnection,
  interface_pointer: goFields.interfacePointer,
  net_fd_sysfd: goFields.netFdSysfd,
  net_fd_family: goFields.netFdFamily,
  http2_server_connection: goFields.http2ServerConnection,
  http2_client_connection: goFields.http2ClientConnection,
  http2_stream_id: goFields.http2StreamId,
  grpc_layouts: grpcTable(),
  frame_header_stream_id: goFields.frameHeaderStreamId,
  hpack_encoder_writer: goFields.hpackEncoderWriter,
  bufio_reader_source: goFields.bufioReaderSource,
  ready_reader_source: goFields.readyReaderSource,
};

/** Loads what the kernel takes, in any thread; `failures` tells of the rest. Nothing is probed yet. */
export function openTls(sockets: SharedSockets, options: TlsOptions = {}): TlsProgram {
  return new TlsProgram(sockets, options);
}

/** The programs at work, until `close`. */
export class TlsProgram {
  /** Families that did not load, with the kernel's reason. */
  readonly failures = new Map<Family, BpfError>();
  readonly #objects = new Map<Family, Loaded>();

  constructor(sockets: SharedSockets, { families: wanted = families, multi = true, objects: folder }: TlsOptions) {
    for (const family of wanted) {
      try {
        this.#objects.set(
          family,
          load(sockets, family, multi, folder ?? fileURLToPath(new URL('../build', import.meta.url))),
        );
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
    const { typed, program: name } = objects[plan.family];
    if (loaded === undefined) throw new BpfError('ENOENT', `probing ${plan.path}`, `${typed} is not loaded`);
    const program = loaded.object.program(name);
    if (loaded.way === 'single') return new ProbeLinks(attachEach(program, plan));
    try {
      const links = new ProbeLinks(attachMany(program, plan));
      loaded.way = 'multi';
      return links;
    } catch (error) {
      // Kernels before 6.6 load the program all the same, and know no such link.
      if (loaded.way === 'multi' || !(error instanceof BpfError) || error.code !== 'EINVAL') throw error;
    }
    const links = new ProbeLinks(attachEach(program, plan));
    loaded.way = 'single';
    return links;
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

interface Loaded {
  object: BpfObject;
  /** How it is joined; `untried` until the kernel took one. */
  way: 'untried' | 'multi' | 'single';
}

function load(sockets: SharedSockets, family: Family, multi: boolean, folder: string): Loaded {
  const { typed, raw } = objects[family];
  const object = openObject(`${folder}/${sockets.hook === 'tp_btf' ? typed : raw}`);
  try {
    if (multi) object.setExpectedAttachType(objects[family].program, 'uprobe_multi');
    if (family === 'go') for (const [name, value] of Object.entries(goConstants)) object.setRodata(name, value);
    shareSockets(object, sockets);
    object.load();
    return { object, way: multi ? 'untried' : 'single' };
  } catch (error) {
    object.close();
    throw error;
  }
}

/** Since Linux 6.6: one link for all plain probes of a file, and one for its return probes. */
function attachMany(program: BpfProgram, { path, points, pid }: ProbePlan): BpfLink[] {
  return undoneOnError((links) => {
    for (const isReturn of returnsFirst) {
      const known = points.filter((point) => point.isReturn === isReturn && cookieOf(point) !== undefined);
      if (known.length === 0) continue;
      const offsets = known.map(({ offset }) => offset);
      const cookies = known.map((point) => cookieOf(point)!);
      const place = pid === undefined ? {} : { pid };
      links.push(program.attach({ kind: 'uprobe_multi', path, isReturn, ...place, offsets, cookies }));
    }
  });
}

/** A link for each probe, which takes the kernel long to let go of. */
function attachEach(program: BpfProgram, { path, points, pid }: ProbePlan): BpfLink[] {
  return undoneOnError((links) => {
    const place = pid === undefined ? {} : { pid };
    for (const isReturn of returnsFirst) {
      for (const point of points) {
        const cookie = cookieOf(point);
        if (point.isReturn !== isReturn || cookie === undefined) continue;
        links.push(program.attach({ kind: 'uprobe', path, isReturn, ...place, offset: point.offset, cookie }));
      }
    }
  });
}

const returnsFirst = [true, false];

function undoneOnError(attach: (links: BpfLink[]) => void): BpfLink[] {
  const links: BpfLink[] = [];
  try {
    attach(links);
    return links;
  } catch (error) {
    for (const link of links) link.detach();
    throw error;
  }
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
