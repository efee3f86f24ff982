/** Where the calls of OpenSSL, BoringSSL and LibreSSL are probed, in a shared library or inside an executable. */
import { type ElfFile, machines } from '../elf/file.ts';
import { type FunctionSymbol, findFunctions } from '../elf/symbols.ts';
import { callTarget, jumpTarget, readCode } from './code.ts';
import { entryPoint } from './entry.ts';
import { type HandingProgram, handingInside, handingNames } from './handing.ts';
import { callPoints, entryOnly, type FunctionBytes, functionBytes, type ProbePoint } from './point.ts';
import { changedRegisters, type Register, registers } from './writes.ts';

/**
 * BPF programs of OpenSSL's calls. Arguments by C's rules (rdi, rsi, rdx, rcx, r8):
 *   openssl_read, openssl_write          SSL *, buffer, int length; result: bytes, or ≤ 0
 *   openssl_read_ex, openssl_write_ex    SSL *, buffer, size_t length, size_t *moved; result: 1, or 0
 *   openssl_write_ex2                    SSL *, buffer, size_t length, flags, size_t *moved; result as before
 *   openssl_handshake                    SSL *; result: 1 when it is done
 *   openssl_set_fd                       SSL *, int: SSL_set_fd, SSL_set_rfd, SSL_set_wfd
 *   openssl_free                         SSL *
 */
export type OpensslProgram =
  | 'openssl_read'
  | 'openssl_read_leave'
  | 'openssl_write'
  | 'openssl_write_leave'
  | 'openssl_read_ex'
  | 'openssl_read_ex_leave'
  | 'openssl_write_ex'
  | 'openssl_write_ex_leave'
  | 'openssl_write_ex2'
  | 'openssl_handshake'
  | 'openssl_handshake_leave'
  | 'openssl_set_fd'
  | 'openssl_free'
  | HandingProgram;

interface Call {
  enter: OpensslProgram;
  leave?: OpensslProgram;
  keep: readonly Register[];
}

const threeArguments = ['rdi', 'rsi', 'rdx'] as const;
const fourArguments = ['rdi', 'rsi', 'rdx', 'rcx'] as const;
const read: Call = { enter: 'openssl_read', leave: 'openssl_read_leave', keep: threeArguments };
const readEx: Call = { enter: 'openssl_read_ex', leave: 'openssl_read_ex_leave', keep: fourArguments };
const write: Call = { enter: 'openssl_write', leave: 'openssl_write_leave', keep: threeArguments };
const writeEx: Call = { enter: 'openssl_write_ex', leave: 'openssl_write_ex_leave', keep: fourArguments };
const writeEx2: Call = { ...writeEx, enter: 'openssl_write_ex2', keep: ['rdi', 'rsi', 'rdx', 'r8'] };
const setFd: Call = { enter: 'openssl_set_fd', keep: ['rdi', 'rsi'] };

const calls: Readonly<Record<string, Call>> = {
  SSL_read: read,
  SSL_read_ex: readEx,
  SSL_write: write,
  SSL_write_ex: writeEx,
  SSL_do_handshake: { enter: 'openssl_handshake', leave: 'openssl_handshake_leave', keep: ['rdi'] },
  SSL_set_fd: setFd,
  SSL_set_rfd: setFd,
  SSL_set_wfd: setFd,
  SSL_free: { enter: 'openssl_free', keep: ['rdi'] },
};

/** A function that only BoringSSL has. */
const boringsslMark = 'SSL_CTX_set_grease_enabled';

export interface OpensslPoints {
  kind: 'openssl' | 'boringssl';
  points: ProbePoint<OpensslProgram>[];
}

/** Points in this file; undefined when it does not hold (or does not name) SSL_read and SSL_write. */
export function opensslPoints(file: ElfFile): OpensslPoints | undefined {
  if (machines[file.machine] !== 'x86-64') return undefined;
  const symbols = findFunctions(file, [...Object.keys(calls), 'SSL_write_ex2', boringsslMark, ...handingNames]);
  if (!symbols.has('SSL_read') || !symbols.has('SSL_write')) return undefined;
  const kind = symbols.has(boringsslMark) ? 'boringssl' : 'openssl';
  const points: ProbePoint<OpensslProgram>[] = [];
  points.push(...dataPoints(file, symbols.get('SSL_read')!, symbols.get('SSL_read_ex'), read, readEx));
  points.push(
    ...(writePoints(file, symbols) ??
      dataPoints(file, symbols.get('SSL_write')!, symbols.get('SSL_write_ex'), write, writeEx)),
  );
  for (const [name, { enter, leave, keep }] of Object.entries(calls)) {
    if (enter.includes('read') || enter.includes('write')) continue;
    const symbol = symbols.get(name);
    if (symbol === undefined) continue;
    const code = functionBytes(file, symbol);
    if (leave === undefined) points.push(entryOnly(code, enter, keep));
    else points.push(...callPoints(code, { enter, leave, keep }));
  }
  points.push(...handingInside(file, symbols));
  return { kind, points: withoutDoubles(points) };
}

function dataPoints(
  file: ElfFile,
  plain: FunctionSymbol,
  extended: FunctionSymbol | undefined,
  call: Call,
  callEx: Call,
): ProbePoint<OpensslProgram>[] {
  const code = functionBytes(file, plain);
  const points = callPoints(code, call as Required<Call>);
  if (extended === undefined) return points;
  const codeEx = functionBytes(file, extended);
  const pointsEx = callPoints(codeEx, callEx as Required<Call>);
  if (![...points, ...pointsEx].some(({ execution }) => execution === 'step')) return [...points, ...pointsEx];
  const inner = sharedFunction(file, code, codeEx, fourArguments);
  if (inner === undefined) return [...points, ...pointsEx];
  return callPoints(inner, callEx as Required<Call>);
}

/**
 * Since OpenSSL 3.3 all ways to write are wrappers of one function with the arguments of SSL_write_ex2, where SSL_write_ex first moves
 * its own to other registers. Undefined when they are not so made, or probes on them cost no more.
 */
function writePoints(
  file: ElfFile,
  symbols: ReadonlyMap<string, FunctionSymbol>,
): ProbePoint<OpensslProgram>[] | undefined {
  const [plain, extended, widest] = ['SSL_write', 'SSL_write_ex', 'SSL_write_ex2'].map((name) => symbols.get(name));
  if (plain === undefined || extended === undefined || widest === undefined) return undefined;
  const [code, codeEx, codeEx2] = [plain, extended, widest].map((symbol) => functionBytes(file, symbol)) as [
    FunctionBytes,
    FunctionBytes,
    FunctionBytes,
  ];
  const apart = [...callPoints(code, write as Required<Call>), ...callPoints(codeEx, writeEx as Required<Call>)];
  if (!apart.some(({ execution }) => execution === 'step')) return undefined;
  const inner = sharedFunction(file, code, codeEx2, writeEx2.keep);
  const target = onlyWayOut(codeEx);
  if (inner === undefined || (target !== widest.offset && target !== inner.offset)) return undefined;
  return callPoints(inner, writeEx2 as Required<Call>);
}

/**
 * Both calls of a pair are wrappers of one function with the arguments of the second (OpenSSL's ssl_read_internal). Where a probe
 * on the wrappers would be a step out of line, one on that function often is none. Undefined when they are not so made.
 */
function sharedFunction(
  file: ElfFile,
  plain: FunctionBytes,
  extended: FunctionBytes,
  keep: readonly Register[],
): FunctionBytes | undefined {
  const target = firstCall(plain, threeArguments.slice(0, 2));
  if (target === undefined || target !== onlyCall(extended, keep)) return undefined;
  if (target < 0 || target + 128 > file.size) return undefined;
  const bytes = file.read(target, 128);
  const { execution, atReturnAddress } = entryPoint(bytes, { keep, forReturn: true });
  if (execution === 'step' || !atReturnAddress) return undefined;
  return { symbol: `${extended.symbol} (inner function)`, offset: target, bytes };
}

/** The same, if it calls nothing else: so it is no call that compilers put at the beginning of every function (`mcount`). */
function onlyCall(code: FunctionBytes, keep: readonly Register[]): number | undefined {
  const calls = (readCode(code.bytes) ?? []).filter((step) => callTarget(step) !== undefined);
  return calls.length === 1 ? firstCall(code, keep) : undefined;
}

/** File offset of the one function that is called, or jumped to; undefined when there are more, or it returns without. */
function onlyWayOut({ bytes, offset }: FunctionBytes): number | undefined {
  const targets = (readCode(bytes) ?? []).flatMap((step) => {
    const target = callTarget(step) ?? (step.leaves === 'jump' ? jumpTarget(step) : undefined);
    return target === undefined ? [] : [offset + target];
  });
  return targets.length === 1 ? targets[0] : undefined;
}

/** File offset of the first function that is called directly, if the registers until then are kept. */
function firstCall({ bytes, offset }: FunctionBytes, keep: readonly Register[]): number | undefined {
  let changed = 0;
  for (const step of readCode(bytes) ?? []) {
    const target = callTarget(step);
    if (target !== undefined) {
      return keep.some((name) => (changed >> registers.indexOf(name)) & 1) ? undefined : offset + target;
    }
    if (step.leaves !== undefined) return undefined;
    changed |= changedRegisters(step.instruction);
  }
  return undefined;
}

/** Names of one function (aliases) give the same point. */
function withoutDoubles(points: ProbePoint<OpensslProgram>[]): ProbePoint<OpensslProgram>[] {
  const seen = new Set<string>();
  return points.filter(({ program, offset, isReturn }) => {
    const key = `${program} ${offset} ${isReturn}`;
    return !seen.has(key) && seen.add(key);
  });
}
