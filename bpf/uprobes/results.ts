/** Finds the instructions at which a function's result can be read on its way out, each call passing one of them once. */
import { callTarget, readCode, type Step } from './code.ts';
import { type Execution, executionOf } from './emulated.ts';
import { changedRegisters, rax, rbp, rsp } from './writes.ts';
import type { Instruction } from './x86.ts';

/** Where a result lies: in a register, or in memory at a register plus a distance. */
export type Place = { kind: 'register'; register: number } | { kind: 'memory'; register: number; displacement: number };

export interface ResultPoint {
  /** Bytes from the function's beginning. */
  offset: number;
  execution: Execution;
  place: Place;
}

/**
 * Places of one result during a function, found backwards from its returns: `nowhere` is where ways with different places (or
 * none known) meet, `constant` a result that the code itself holds, `dead` from where no return is reached.
 */
type Known = Place | { kind: 'nowhere' } | { kind: 'constant'; value: number } | { kind: 'dead' };

const nowhere: Known = { kind: 'nowhere' };
const dead: Known = { kind: 'dead' };
/** What is known of the result where the function is left. */
const outside: Record<'return' | 'jump', Known> = { return: { kind: 'register', register: rax }, jump: nowhere };
/** Rounds over the code until nothing changes; a place moves through a few copies, and few points are refused. */
const maxRounds = 64;
/** Limits for code made to keep us busy: TLS libraries' functions have some hundred instructions and a few points. */
const maxInstructions = 8192;
const maxPoints = 64;

export interface ResultOptions {
  /** Go: a callee changes no result that waits on the stack, unless its address is taken. In C one may. */
  go?: boolean;
  /** Where functions begin that do not come back, counted from this one's beginning. */
  endless?: ReadonlySet<number>;
  /**
   * Where functions begin that fill the caller's buffer: the result may be known before they are called, but what it counts is not
   * there yet. Left out: every function may; empty: none does.
   */
  fills?: ReadonlySet<number>;
}

/**
 * Points where the first result (rax) of every call can be read. Ways on which it is a constant that is not positive need none:
 * nothing was read or written there. Undefined when a way out cannot be watched: a jump to another function, code that is not
 * understood. Prefers what the kernel carries out itself, and takes `ret` where there is none.
 */
export function resultPoints(
  bytes: Uint8Array,
  { go = false, endless, fills }: ResultOptions = {},
): ResultPoint[] | undefined {
  const steps = readCode(bytes, endless);
  if (steps === undefined || steps.length > maxInstructions) return undefined;
  const known = placesBefore(steps, go);
  if (known === undefined) return undefined;
  const reachable = reachableFrom(steps, 0, () => false);
  for (const index of reachable) if (steps[index]!.leaves === 'jump') return undefined;

  const early = beforeFilling(steps, known, fills);
  const refused = new Set<number>();
  for (let round = 0; round < maxRounds; round++) {
    const points = firstPoints(steps, known, bytes, early, refused);
    if (points === undefined || points.length > maxPoints) return undefined;
    const again = points.filter((point) => leadsTo(steps, point, points));
    if (again.length === 0) return points.map((index) => describe(steps[index]!, known[index]!, bytes));
    // A call would pass this one and another, or this one twice.
    for (const index of again) refused.add(index);
  }
  return undefined;
}

/** For each instruction the place of the result before it is carried out. */
function placesBefore(steps: Step[], go: boolean): Known[] | undefined {
  const taken = steps.filter(({ instruction }) => isAddress(instruction)).map(({ instruction }) => instruction);
  const known: Known[] = steps.map(() => dead);
  for (let round = 0; round < maxRounds; round++) {
    let changed = false;
    for (let index = steps.length - 1; index >= 0; index--) {
      const step = steps[index]!;
      const after = step.next.map((next) => known[next]!).reduce(meet, dead);
      const before = step.leaves === undefined ? moveBack(step.instruction, after, go, taken) : outside[step.leaves];
      if (same(before, known[index]!)) continue;
      known[index] = before;
      changed = true;
    }
    if (!changed) return known;
  }
  return undefined;
}

function meet(a: Known, b: Known): Known {
  if (a.kind === 'dead') return b;
  if (b.kind === 'dead' || same(a, b)) return a;
  return nowhere;
}

function same(a: Known, b: Known): boolean {
  if (a.kind === 'register') return b.kind === 'register' && a.register === b.register;
  if (a.kind === 'constant') return b.kind === 'constant' && a.value === b.value;
  if (a.kind !== 'memory') return a.kind === b.kind;
  return b.kind === 'memory' && a.register === b.register && a.displacement === b.displacement;
}

/** Where a value was before this instruction, if it is at `place` after it. */
function moveBack(instruction: Instruction, place: Known, go: boolean, taken: Instruction[]): Known {
  if (place.kind === 'register') return registerBefore(instruction, place);
  if (place.kind === 'memory') {
    if (isCall(instruction) && (!go || taken.some((address) => pointsTo(address, place)))) return nowhere;
    return memoryBefore(instruction, place);
  }
  return place;
}

function registerBefore(instruction: Instruction, place: Known & { kind: 'register' }): Known {
  const { map, opcode, mod, reg, rm, rex, immediate, vector } = instruction;
  if (((changedRegisters(instruction) >> place.register) & 1) === 0) return place;
  if (map !== 1 || vector) return nowhere;
  const target = mod === 3 ? rm : -1;
  if (opcode === 0x8b && reg === place.register) return operand(instruction);
  if (opcode === 0x89 && target === place.register) return { kind: 'register', register: reg };
  // movslq: an int as 64 bits.
  if (opcode === 0x63 && reg === place.register) return operand(instruction);
  if (opcode === 0x98 && place.register === rax) return place;
  if ((opcode === 0x31 || opcode === 0x33) && target === reg) return { kind: 'constant', value: 0 };
  if (opcode === 0xc7 && target === place.register) return { kind: 'constant', value: immediate };
  if (opcode >> 3 === 0xb8 >> 3 && ((opcode & 7) | ((rex & 1) << 3)) === place.register) {
    return (rex & 8) === 0 ? { kind: 'constant', value: immediate } : nowhere;
  }
  // or $-1, the short form of -1.
  if (opcode === 0x83 && (reg & 7) === 1 && target === place.register && immediate === -1)
    return { kind: 'constant', value: -1 };
  return nowhere;
}

/** The source of a move as a place: a register, or memory on the stack. */
function operand({ mod, rm, base, index, displacement, segment }: Instruction): Known {
  if (mod === 3) return { kind: 'register', register: rm };
  if (index !== -1 || segment !== 0 || (base !== rsp && base !== rbp)) return nowhere;
  return { kind: 'memory', register: base, displacement };
}

function memoryBefore(instruction: Instruction, place: Known & { kind: 'memory' }): Known {
  const { map, opcode, mod, reg, immediate, displacement, base, index, vector } = instruction;
  if (place.register === rsp) {
    const moved = stackMovement(instruction);
    if (moved === undefined) return nowhere;
    if (moved !== 0) return { ...place, displacement: place.displacement + moved };
  } else if (((changedRegisters(instruction) >> place.register) & 1) !== 0 && !isCall(instruction)) return nowhere;
  const here =
    mod !== 3 && instruction.hasModrm && index === -1 && base === place.register && displacement === place.displacement;
  if (!here || vector) return place;
  if (map === 1 && opcode === 0x89) return { kind: 'register', register: reg };
  if (map === 1 && opcode === 0xc7) return { kind: 'constant', value: immediate };
  // Only reads: mov, movslq, lea, cmp, test.
  if (
    map === 1 &&
    (opcode === 0x8b || opcode === 0x63 || opcode === 0x8d || (opcode >= 0x38 && opcode <= 0x3b) || opcode === 0x85)
  )
    return place;
  if (map === 1 && opcode === 0x83 && (reg & 7) === 7) return place;
  return nowhere;
}

/** lea */
function isAddress({ map, opcode, vector }: Instruction): boolean {
  return map === 1 && opcode === 0x8d && !vector;
}

function pointsTo(address: Instruction, place: Known & { kind: 'memory' }): boolean {
  return address.base === place.register && address.displacement === place.displacement;
}

/** By how much an instruction moves the stack pointer (a value's distance from it before = after + this); undefined: not known. */
function stackMovement(instruction: Instruction): number | undefined {
  const { map, opcode, mod, rm, reg, immediate, vector } = instruction;
  if (isCall(instruction) || ((changedRegisters(instruction) >> rsp) & 1) === 0) return 0;
  if (map !== 1 || vector) return undefined;
  if (opcode >> 3 === 0x50 >> 3) return -8;
  if (opcode >> 3 === 0x58 >> 3) return (opcode & 7) === rsp ? undefined : 8;
  if ((opcode === 0x81 || opcode === 0x83) && mod === 3 && rm === rsp) {
    if ((reg & 7) === 0) return immediate;
    if ((reg & 7) === 5) return -immediate;
  }
  return undefined;
}

function isCall({ map, opcode, reg }: Instruction): boolean {
  return map === 1 && (opcode === 0xe8 || (opcode === 0xff && (reg & 7) === 2));
}

function canBePoint(step: Step, place: Known, bytes: Uint8Array): boolean {
  if (place.kind !== 'register' && place.kind !== 'memory') return false;
  return step.leaves === 'return' || executionOf(step.instruction, bytes, step.at) !== 'step';
}

/** Indexes from which a call is still ahead that may fill the buffer and comes back. */
function beforeFilling(steps: Step[], places: Known[], fills: ReadonlySet<number> | undefined): Set<number> {
  const early = new Set<number>();
  const before: number[][] = steps.map(() => []);
  for (const [index, step] of steps.entries()) for (const next of step.next) before[next]!.push(index);
  const all = [...steps.keys()].filter((index) => isCall(steps[index]!.instruction) && places[index]!.kind !== 'dead');
  const known = all.filter((index) => fills?.has(callTarget(steps[index]!) ?? Number.NaN));
  // None of those named is there: then it may be any other.
  const waiting = fills !== undefined && (fills.size === 0 || known.length > 0) ? known : all;
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (early.has(index)) continue;
    early.add(index);
    waiting.push(...before[index]!);
  }
  return early;
}

/** The first usable point on each way from the entry; undefined when a way without one has a result. */
function firstPoints(
  steps: Step[],
  known: Known[],
  bytes: Uint8Array,
  early: Set<number>,
  refused: Set<number>,
): number[] | undefined {
  const points: number[] = [];
  let missed = false;
  reachableFrom(steps, 0, (index) => {
    const place = known[index]!;
    if (place.kind === 'constant' && place.value <= 0) return true;
    if (!early.has(index) && !refused.has(index) && canBePoint(steps[index]!, place, bytes)) {
      points.push(index);
      return true;
    }
    missed ||= steps[index]!.leaves !== undefined;
    return false;
  });
  return missed ? undefined : points.sort((a, b) => a - b);
}

function leadsTo(steps: Step[], from: number, points: number[]): boolean {
  const after = new Set<number>();
  for (const next of steps[from]!.next) for (const index of reachableFrom(steps, next, () => false)) after.add(index);
  return points.some((point) => after.has(point));
}

/** Indexes of the instructions reached from one; `stop` is asked at each, and nothing behind it is looked at if it says so. */
function reachableFrom(steps: Step[], start: number, stop: (index: number) => boolean): Set<number> {
  const seen = new Set<number>();
  const waiting = [start];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (seen.has(index) || index >= steps.length) continue;
    seen.add(index);
    if (!stop(index)) waiting.push(...steps[index]!.next);
  }
  return seen;
}

function describe(step: Step, place: Known, bytes: Uint8Array): ResultPoint {
  return { offset: step.at, execution: executionOf(step.instruction, bytes, step.at), place: place as Place };
}
