/** What a test asks of a single instruction. */
import { type Execution, executionOf } from '../uprobes/emulated.ts';
import { decode, Instruction } from '../uprobes/x86.ts';

/** How the kernel carries out the instruction at an offset; undefined when there is none. */
export function executionAt(bytes: Uint8Array, at: number): Execution | undefined {
  const instruction = new Instruction();
  return decode(bytes, at, instruction) ? executionOf(instruction, bytes, at) : undefined;
}
