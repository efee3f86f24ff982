/** A function's machine code as instructions and the ways between them. */
import { decode, Instruction } from './x86.ts';

/** Bytes of a function that are looked at: TLS libraries and Go have none of interest that are longer. */
export const maxFunction = 64 * 1024;

/** Where an instruction goes on. */
export interface Step {
  /** Bytes from the function's beginning. */
  at: number;
  instruction: Instruction;
  /** Indexes of the instructions that may come next in this function. A call goes on behind itself. */
  next: number[];
  /** Leaves the function: by `ret`, or by a jump to another function (or one whose target is not known). */
  leaves: 'return' | 'jump' | undefined;
}

/**
 * The instructions of a whole function in their order; undefined when its bytes are not only code. `endless` holds where functions
 * begin that do not come back (panics), counted from this one's beginning.
 */
export function readCode(bytes: Uint8Array, endless: ReadonlySet<number> = new Set()): Step[] | undefined {
  if (bytes.length > maxFunction) return undefined;
  const steps: Step[] = [];
  const indexAt = new Map<number, number>();
  for (let at = 0; at < bytes.length; ) {
    const instruction = new Instruction();
    if (!decode(bytes, at, instruction)) return undefined;
    indexAt.set(at, steps.length);
    steps.push({ at, instruction, next: [], leaves: undefined });
    at += instruction.length;
  }
  for (const [index, step] of steps.entries()) {
    const { instruction } = step;
    if (isReturn(instruction)) step.leaves = 'return';
    else if (isIndirectJump(instruction)) step.leaves = 'jump';
    else {
      const target = jumpTarget(step);
      if (target !== undefined) {
        const to = indexAt.get(target);
        if (to !== undefined) step.next.push(to);
        else if (target >= 0 && target < bytes.length) return undefined;
        else step.leaves = 'jump';
      }
      if (!endsHere(instruction) && !isEndless(step, endless) && index + 1 < steps.length) step.next.push(index + 1);
    }
  }
  return steps;
}

function isEndless(step: Step, endless: ReadonlySet<number>): boolean {
  const target = callTarget(step);
  return target !== undefined && endless.has(target);
}

/** Where a jump (not a call) goes, from the function's beginning; undefined for what is no direct jump. */
export function jumpTarget({ at, instruction }: Pick<Step, 'at' | 'instruction'>): number | undefined {
  const { map, opcode, immediate, length } = instruction;
  const jumps =
    map === 1
      ? opcode === 0xe9 || opcode === 0xeb || opcode >> 4 === 7 || (opcode >= 0xe0 && opcode <= 0xe3)
      : map === 2 && opcode >> 4 === 8 && !instruction.vector;
  return jumps ? at + length + immediate : undefined;
}

/** Where a direct call goes, from the function's beginning. */
export function callTarget({ at, instruction }: Step): number | undefined {
  const { map, opcode, immediate, length } = instruction;
  return map === 1 && opcode === 0xe8 ? at + length + immediate : undefined;
}

function isReturn({ map, opcode }: Instruction): boolean {
  return map === 1 && (opcode === 0xc3 || opcode === 0xc2);
}

function isIndirectJump({ map, opcode, reg }: Instruction): boolean {
  return map === 1 && opcode === 0xff && ((reg & 7) === 4 || (reg & 7) === 5);
}

/** Nothing follows: a jump that is always taken, a trap, a halt. */
function endsHere({ map, opcode }: Instruction): boolean {
  if (map === 1) return opcode === 0xe9 || opcode === 0xeb || opcode === 0xcc || opcode === 0xf4;
  return map === 2 && opcode === 0x0b;
}
