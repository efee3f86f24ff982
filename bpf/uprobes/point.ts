/** A place where a BPF program is attached to a binary, and how its cookie tells where a result lies. */
import type { ElfFile } from '../elf/file.ts';
import type { Execution } from './emulated.ts';
import { entryPoint } from './entry.ts';
import { type Place, type ResultPoint, resultPoints } from './results.ts';
import { type Register, rax } from './writes.ts';

/** One probe: what to give uprobe.multi, grouped by `program` and `isReturn`. */
export interface ProbePoint<Program extends string = string> {
  /** The BPF program that is made for this function and moment. */
  program: Program;
  /** Offset in the file, as uprobes take it. */
  offset: number;
  /** Of a result: where it lies, see `resultCookie`. Otherwise 0. */
  cookie: bigint;
  /** A return probe: the kernel replaces the return address. Otherwise a plain one, also where it watches a result. */
  isReturn: boolean;
  /** For people: the function, and how the kernel carries out the instruction. */
  symbol: string;
  execution: Execution;
}

/** A function's code, and where it lies in the file. */
export interface FunctionBytes {
  symbol: string;
  offset: number;
  bytes: Buffer;
}

export interface CallPrograms<Program extends string> {
  enter: Program;
  /** Watches the result; left out: none does. */
  leave?: Program;
  /** Registers with arguments that `enter` reads. */
  keep: readonly Register[];
}

/**
 * Where a result lies, for the program that reads it: bits 0 to 7 the number of a register as machine code counts (rax rcx
 * rdx rbx rsp rbp rsi rdi r8 … r15); bit 8 set: not the register but the memory it points to; bits 32 to 63, signed: plus this
 * many bytes. So 0 is rax, also in return probes. Bits 16 to 23 are the loader's, 24 to 31 those of `layoutCookie`.
 */
export function resultCookie(place: Place): bigint {
  if (place.kind === 'register') return BigInt(place.register);
  return BigInt.asUintN(64, BigInt(place.register) | 0x100n | (BigInt(place.displacement) << 32n));
}

/** Which layout of grpc's the program is to use: bits 24 to 31. */
export function layoutCookie(layout: number): bigint {
  return BigInt(layout) << 24n;
}

/** Points of a C function. The result is watched by a return probe, or, where that costs more, by plain ones before the returns. */
export function callPoints<Program extends string>(
  code: FunctionBytes,
  { enter, leave, keep }: CallPrograms<Program>,
): ProbePoint<Program>[] {
  const entry = entryPoint(code.bytes, { keep });
  const points: ProbePoint<Program>[] = [plain(code, enter, entry.offset, entry.execution)];
  if (leave === undefined) return points;
  const hook = entryPoint(code.bytes, { keep: [], forReturn: true });
  const results = hook.execution === 'step' ? cheapResults(code.bytes) : undefined;
  if (results !== undefined) return [...points, ...results.map((result) => resultPoint(code, leave, result))];
  if (hook.execution === 'step') {
    // The step is paid for anyway: one trap serves both.
    points[0] = plain(code, enter, hook.offset, hook.execution);
  }
  points.push({
    program: leave,
    offset: code.offset + hook.offset,
    cookie: resultCookie({ kind: 'register', register: rax }),
    isReturn: true,
    symbol: code.symbol,
    execution: hook.execution,
  });
  return points;
}

/** Result points, if none of them is a step out of line. */
function cheapResults(bytes: Buffer): ResultPoint[] | undefined {
  const results = resultPoints(bytes);
  return results?.every(({ execution }) => execution !== 'step') ? results : undefined;
}

/** A plain probe of a program that watches a result. */
export function resultPoint<Program extends string>(
  code: FunctionBytes,
  program: Program,
  { offset, execution, place }: ResultPoint,
): ProbePoint<Program> {
  return { ...plain(code, program, offset, execution), cookie: resultCookie(place) };
}

function plain<Program extends string>(
  { symbol, offset: start }: FunctionBytes,
  program: Program,
  offset: number,
  execution: Execution,
): ProbePoint<Program> {
  return { program, offset: start + offset, cookie: 0n, isReturn: false, symbol, execution };
}

/** Points that watch only that a function is called. */
export function entryOnly<Program extends string>(
  code: FunctionBytes,
  program: Program,
  keep: readonly Register[],
  go = false,
): ProbePoint<Program> {
  const { offset, execution } = entryPoint(code.bytes, { keep, go });
  return plain(code, program, offset, execution);
}

/** A function's bytes; without a size as many as are needed for its beginning. */
export function functionBytes(
  file: ElfFile,
  { name, address, size, offset }: { name: string; address: number; size: number; offset: number },
): FunctionBytes {
  const bytes = file.readAddress(address, size === 0 ? 128 : Math.min(size, 64 * 1024));
  return { symbol: name, offset, bytes };
}
