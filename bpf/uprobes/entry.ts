/** Chooses the instruction at the beginning of a function where a probe sees the arguments and costs little. */
import { jumpTarget } from './code.ts';
import { type Execution, executionOf } from './emulated.ts';
import { changedRegisters, type Register, registers, rsp } from './writes.ts';
import { decode, Instruction } from './x86.ts';

export interface EntryPoint {
  /** Bytes from the function's beginning. */
  offset: number;
  execution: Execution;
  /** The stack pointer still is as the caller left it: the return address is at its top, and a return probe may be put here. */
  atReturnAddress: boolean;
}

export interface EntryOptions {
  /** Registers that must still hold what the caller put there. */
  keep: readonly Register[];
  /** Go's prologue: the branch to the growth of the stack is passed, since it comes back to the beginning. */
  go?: boolean;
  /** The probe is one for returns, too. */
  forReturn?: boolean;
}

/** Instructions looked at before giving up. */
const maxSteps = 24;

/**
 * The first instruction that the kernel carries out itself, on the one way from the entry; the entry when there is none.
 * Every call of the function passes it, once: no jump is followed, and none of the function's may come back to it.
 */
export function entryPoint(bytes: Uint8Array, { keep, go = false, forReturn = false }: EntryOptions): EntryPoint {
  const needed = keep.reduce((set, name) => set | (1 << registers.indexOf(name)), 0);
  const targets = jumpTargets(bytes);
  const instruction = new Instruction();
  let changed = 0;
  let fallBack: EntryPoint | undefined;
  let checksStack = false;
  let at = 0;
  for (let step = 0; step < maxSteps && decode(bytes, at, instruction); step++) {
    if ((changed & needed) !== 0 || (forReturn && (changed & (1 << rsp)) !== 0)) break;
    if (at !== 0 && targets.has(at)) break;
    const execution = executionOf(instruction, bytes, at);
    if (execution !== 'step') {
      const point = { offset: at, execution, atReturnAddress: (changed & (1 << rsp)) === 0 };
      if (!(go && checksStack && execution === 'branch')) return point;
      // Used when nothing follows: hit once more when the stack grows, which is rare.
      fallBack ??= point;
    } else if (isBranchOrEnd(instruction)) break;
    changed |= changedRegisters(instruction);
    checksStack = isStackCheck(instruction);
    at += instruction.length;
  }
  if (fallBack !== undefined) return fallBack;
  const known = decode(bytes, 0, instruction);
  return { offset: 0, execution: known ? executionOf(instruction, bytes, 0) : 'step', atReturnAddress: true };
}

/**
 * What Go's compiler puts before the branch to the growth of the stack: the comparison with g's stackguard0, 0x10(%r14), and, before that
 * in functions with large frames, `sub $size,%r12`.
 */
function isStackCheck({ map, opcode, mod, base, rm, reg, displacement }: Instruction): boolean {
  if (map !== 1) return false;
  if (opcode === 0x81) return mod === 3 && rm === 12 && (reg & 7) === 5;
  return (opcode === 0x39 || opcode === 0x3b) && mod === 1 && base === 14 && displacement === 0x10;
}

/** Ways on that the kernel does not carry out itself: behind them is not where every call comes by. */
function isBranchOrEnd({ map, opcode, reg }: Instruction): boolean {
  if (map !== 1) return map === 2 && (opcode === 0x0b || opcode === 0x05 || opcode >> 4 === 8);
  if (opcode === 0xff) return (reg & 7) >= 2 && (reg & 7) <= 5;
  return (opcode >= 0xe0 && opcode <= 0xe3) || (opcode >= 0xc2 && opcode <= 0xc3) || (opcode >= 0xcc && opcode <= 0xcf);
}

/** Offsets that jumps of these bytes go to, as far as they can be decoded. */
function jumpTargets(bytes: Uint8Array): Set<number> {
  const targets = new Set<number>();
  const instruction = new Instruction();
  for (let at = 0; decode(bytes, at, instruction); at += instruction.length) {
    const target = jumpTarget({ at, instruction });
    if (target !== undefined) targets.add(target);
  }
  return targets;
}
