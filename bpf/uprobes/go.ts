/** Where Go programs are probed: TLS, HTTP/2's tables of header fields, and goroutines that work for others. */
import { type ElfFile, machines } from '../elf/file.ts';
import { type GoBuildInfo, goMinor, readGoBuildInfo } from '../elf/go-build-info.ts';
import { findGoFunctions } from '../elf/gopclntab.ts';
import { type FunctionSymbol, findFunctions } from '../elf/symbols.ts';
import { tablesReason } from './go-http2.ts';
import { type GoroutineOffsets, goroutineOffsets, oldestGo } from './go-offsets.ts';
import { grpcLayoutOf } from './grpc-layouts.ts';
import { entryOnly, functionBytes, layoutCookie, type ProbePoint, resultPoint } from './point.ts';
import { resultPoints } from './results.ts';
import type { Register } from './writes.ts';

/**
 * BPF programs of Go's functions. Arguments are in rax, rbx, rcx, rdi, rsi, r8 …; the goroutine is in r14. No return probe is used:
 * Go moves stacks, and would find the kernel's return address on them. Points with `_leave` are plain ones.
 *   go_tls_read, go_tls_write           (*tls.Conn, buffer, length, capacity); go_tls_read_leave: bytes, or ≤ 0
 *   go_http2_read_block                 (*Framer, *HeadersFrame): a connection reads a block of header fields …
 *   go_hpack_decode                     (*Decoder, bytes …): … and decodes its first fragment, in the same goroutine
 *   go_hpack_encode                     (*Encoder, HeaderField): a field of a block that will be written
 *   go_http2_write_block                (*Framer), HeadersFrameParam above the return address: the same goroutine writes that block
 *   go_http_round_trip                  (*persistConn): the goroutine of a client's call
 *   go_http_connection_write            (*persistConn): the goroutine that writes for it
 *   go_http_connection_read             (*persistConn): the goroutine that reads for it, before it does
 *   go_http2_round_trip                 the goroutine of a call over HTTP/2 of net/http …
 *   go_http2_request                    … and the one it starts, which writes the request
 *   go_http2_client_request             (connection, stream u32): it is about to write that
 *   go_http2_handler                    (*serverConn, *responseWriter): the goroutine that answers a stream of net/http
 *   go_grpc_handler                     (*Server, transport's type, its pointer, *ServerStream): the same of grpc; the cookie tells its layout
 *   go_grpc_stream_leave                result: *ClientStream; the goroutine that makes the call; the cookie tells its layout, too
 *   go_newproc, go_newproc_leave        (function, *g of the caller …); result: *g of the new one
 *   go_goexit                           the goroutine in r14 is over
 */
export type GoProgram =
  | 'go_tls_read'
  | 'go_tls_read_leave'
  | 'go_tls_write'
  | 'go_http2_read_block'
  | 'go_hpack_decode'
  | 'go_hpack_encode'
  | 'go_http2_write_block'
  | 'go_http_round_trip'
  | 'go_http_connection_write'
  | 'go_http_connection_read'
  | 'go_http2_round_trip'
  | 'go_http2_request'
  | 'go_http2_client_request'
  | 'go_http2_handler'
  | 'go_grpc_handler'
  | 'go_grpc_stream_leave'
  | 'go_newproc'
  | 'go_newproc_leave'
  | 'go_goexit';

export interface GoPoints {
  build: GoBuildInfo;
  points: ProbePoint<GoProgram>[];
  /** Undefined: this version's are not known, and goroutines cannot be told apart. */
  goroutine: GoroutineOffsets | undefined;
  /** It holds crypto/tls. */
  tls: boolean;
  /** Why the goroutines of its gRPC calls are not told apart; empty when they are, or it has none. */
  grpcReason: string;
  /** What is missed of older connections of HTTP/2; empty when nothing is. */
  tablesReason: string;
}

/** A Go binary that has no points, and why. */
export interface GoNotCovered {
  build: GoBuildInfo;
  reason: string;
}

/** At least one of `enter` and `leave` is there. */
interface Call {
  enter?: GoProgram;
  leave?: GoProgram;
  keep: readonly Register[];
}

const method = ['rax'] as const;
const methodOfOne = ['rax', 'rbx'] as const;
const buffer = ['rax', 'rbx', 'rcx'] as const;

/** Calls of net/http's HTTP/2, once in each place it may live. */
const http2: Readonly<Record<string, Call>> = {
  '(*Framer).readMetaFrame': { enter: 'go_http2_read_block', keep: methodOfOne },
  '(*Framer).WriteHeaders': { enter: 'go_http2_write_block', keep: ['rax', 'rsp'] },
  '(*ClientConn).writeHeaders': { enter: 'go_http2_client_request', keep: methodOfOne },
  '(*ClientConn).roundTrip': { enter: 'go_http2_round_trip', keep: [] },
  // Its caller, which the compiler may have put it into.
  '(*ClientConn).RoundTrip': { enter: 'go_http2_round_trip', keep: [] },
  '(*clientStream).writeRequest': { enter: 'go_http2_request', keep: [] },
  '(*serverConn).runHandler': { enter: 'go_http2_handler', keep: methodOfOne },
};

const hpack: Readonly<Record<string, Call>> = {
  '(*Decoder).Write': { enter: 'go_hpack_decode', keep: buffer },
  '(*Encoder).WriteField': { enter: 'go_hpack_encode', keep: method },
};

const grpc = 'google.golang.org/grpc';
const transport = `${grpc}/internal/transport`;
const grpcServerStream = `${grpc}.(*Server).handleStream`;
const grpcClientStream = `${transport}.(*http2Client).NewStream`;
const tlsRead = 'crypto/tls.(*Conn).Read';
const newproc = 'runtime.newproc1';

const calls: Readonly<Record<string, Call>> = {
  [tlsRead]: { enter: 'go_tls_read', leave: 'go_tls_read_leave', keep: buffer },
  'crypto/tls.(*Conn).Write': { enter: 'go_tls_write', keep: buffer },
  // The copy in net/http has each name with http2 before it.
  ...under('net/http.', http2, (name) => name.replace(/^(\(\*)?/, '$1http2')),
  ...under('net/http/internal/http2.', http2, (name) => name),
  ...under('golang.org/x/net/http2.', http2, (name) => name),
  ...under('vendor/golang.org/x/net/http2/hpack.', hpack, (name) => name),
  ...under('golang.org/x/net/http2/hpack.', hpack, (name) => name),
  [grpcServerStream]: { enter: 'go_grpc_handler', keep: ['rcx', 'rdi'] },
  [grpcClientStream]: { leave: 'go_grpc_stream_leave', keep: [] },
  'net/http.(*persistConn).roundTrip': { enter: 'go_http_round_trip', keep: method },
  'net/http.persistConnWriter.Write': { enter: 'go_http_connection_write', keep: method },
  'net/http.(*persistConn).Read': { enter: 'go_http_connection_read', keep: method },
};

/** Births and deaths of goroutines: `parentGoid` in each tells most of it, so these are made only on request. */
const goroutineCalls: Readonly<Record<string, Call>> = {
  [newproc]: { enter: 'go_newproc', leave: 'go_newproc_leave', keep: methodOfOne },
  'runtime.goexit1': { enter: 'go_goexit', keep: [] },
};

/** Functions that do not come back: what follows a call of them belongs to something else. */
const endlessFunctions = [
  ...['Index', 'IndexU', 'SliceAlen', 'SliceAlenU', 'SliceAcap', 'SliceAcapU', 'SliceB', 'SliceBU'],
  ...['Slice3Alen', 'Slice3AlenU', 'Slice3Acap', 'Slice3AcapU', 'Slice3B', 'Slice3BU', 'Slice3C', 'Slice3CU'],
  ...['SliceConvert', 'Bounds', 'divide', 'shift', 'overflow', 'wrap', 'mem', 'dottypeE', 'dottypeI', 'nildottype'],
  ...['unsafeslicelen', 'unsafeslicenilptr', 'unsafestringlen', 'unsafestringnilptr', 'rangestate'],
]
  .map((name) => `runtime.panic${name}`)
  .concat(['runtime.gopanic', 'runtime.throw', 'runtime.fatal']);

/** What copies received data to the caller of (*tls.Conn).Read. */
const fillingFunctions = ['runtime.memmove', 'bytes.(*Reader).Read'];

/** Points in this file, or why a Go binary has none; undefined when it is no Go binary. */
export function goPoints(file: ElfFile, { goroutines = false } = {}): GoPoints | GoNotCovered | undefined {
  const build = readGoBuildInfo(file);
  if (build === undefined) return undefined;
  const machine = machines[file.machine] ?? `machine ${file.machine}`;
  if (machine !== 'x86-64') return { build, reason: `code of ${machine} is not probed; only x86-64 is` };
  const minor = goMinor(build.version)?.minor;
  if (minor !== undefined && minor < oldestGo) {
    return { build, reason: `${build.version} passes arguments on the stack; Go 1.${oldestGo} and later are covered` };
  }
  const wanted = { ...calls, ...(goroutines ? goroutineCalls : {}) };
  const names = [...Object.keys(wanted), newproc, ...endlessFunctions, ...fillingFunctions];
  const functions = findGoFunctions(file, names) ?? findFunctions(file, names);
  if (functions.size === 0) return { build, reason: 'its table of functions (.gopclntab) is not there or not known' };

  const newprocSymbol = functions.get(newproc);
  const code = newprocSymbol === undefined ? undefined : functionBytes(file, newprocSymbol).bytes;
  const points: ProbePoint<GoProgram>[] = [];
  for (const [name, call] of Object.entries(wanted)) {
    const symbol = functions.get(name);
    const inner = name.replace(/\.RoundTrip$/, '.roundTrip');
    if (symbol === undefined || (inner !== name && functions.has(inner))) continue;
    points.push(...pointsOf(file, symbol, call, build, functions));
  }
  const hasGrpc = functions.has(grpcServerStream) || functions.has(grpcClientStream);
  return {
    build,
    points,
    goroutine: goroutineOffsets(build.version, code),
    tls: functions.has(tlsRead),
    grpcReason: hasGrpc ? grpcReason(build, functions, points) : '',
    tablesReason: tablesReason(functions),
  };
}

function pointsOf(
  file: ElfFile,
  symbol: FunctionSymbol,
  { enter, leave, keep }: Call,
  build: GoBuildInfo,
  functions: Map<string, FunctionSymbol>,
): ProbePoint<GoProgram>[] {
  const isStream = symbol.name === grpcServerStream || symbol.name === grpcClientStream;
  const layout = isStream ? grpcLayoutOf(build.dependencies.get(grpc) ?? '') : 0;
  if (isStream && layout === 0) return [];
  const code = functionBytes(file, symbol);
  const points: ProbePoint<GoProgram>[] = [];
  if (enter !== undefined) {
    points.push(entryOnly(code, enter, keep, true));
  }
  const from = (names: readonly string[]) => distances(functions, names, symbol.address);
  const options = {
    go: true,
    endless: from(endlessFunctions),
    fills: from(leave === 'go_tls_read_leave' ? fillingFunctions : []),
  };
  const results = leave === undefined ? [] : (resultPoints(code.bytes, options) ?? []);
  points.push(...results.map((result) => resultPoint(code, leave!, result)));
  for (const point of points) point.cookie |= layoutCookie(layout);
  return points;
}

/** What of gRPC's calls is not told; empty when all is. */
function grpcReason(
  { dependencies }: GoBuildInfo,
  functions: Map<string, FunctionSymbol>,
  points: readonly ProbePoint<GoProgram>[],
): string {
  const version = dependencies.get(grpc) ?? 'of a version that it does not tell';
  if (grpcLayoutOf(version) === 0) return `calls of gRPC ${version} cannot be told apart: its layout is not known`;
  if (!functions.has(grpcClientStream) || points.some(({ program }) => program === 'go_grpc_stream_leave')) return '';
  return `calls that it makes by gRPC cannot be told apart: no place is found where ${grpcClientStream} gives its result`;
}

/** Where functions begin, counted from another's beginning. */
function distances(functions: Map<string, FunctionSymbol>, names: readonly string[], start: number): Set<number> {
  return new Set(names.flatMap((name) => functions.get(name)?.address ?? []).map((address) => address - start));
}

function under(
  prefix: string,
  table: Readonly<Record<string, Call>>,
  rename: (name: string) => string,
): Record<string, Call> {
  return Object.fromEntries(Object.entries(table).map(([name, call]) => [prefix + rename(name), call]));
}
