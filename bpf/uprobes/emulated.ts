/** Which instructions the kernel carries out itself at a probe, instead of a single step out of line that costs ten times more. */
import type { Instruction } from './x86.ts';

/**
 * How a probed instruction is carried out, and what a hit costs, as measured (docs/decisions/0024-probe-points.md):
 * nop5 0.5 us, branch 0.6 us, call 0.7 us, nop and push 0.9 us; a step out of line 9 to 11 us in a virtual machine.
 * Rules of Linux, arch/x86/kernel/uprobes.c: branches since 3.16, push since 4.17, long nops since 6.16, nop5 as a call since 6.18.
 */
export type Execution = 'nop5' | 'nop' | 'branch' | 'call' | 'push' | 'step';

/** How the kernel would carry out this instruction, whose bytes begin at `at`. */
export function executionOf(instruction: Instruction, bytes: Uint8Array, at: number): Execution {
  const { map, opcode, rex, operand16, length, vector } = instruction;
  if (vector) return 'step';
  if (map === 1) {
    // 41 90 is an exchange of r8, and f3 90 a pause: the kernel takes both for a nop.
    if (opcode === 0x90) return rex === 0 ? 'nop' : 'step';
    if (opcode >> 3 === 0x50 >> 3) return length === 1 || (length === 2 && rex === 0x41) ? 'push' : 'step';
    if (operand16) return 'step';
    if (opcode === 0xe8) return 'call';
    return opcode === 0xe9 || opcode === 0xeb || opcode >> 4 === 7 ? 'branch' : 'step';
  }
  if (map === 2 && opcode >> 4 === 8) return operand16 ? 'step' : 'branch';
  if (map === 2 && opcode === 0x1f && isKernelNop(bytes, at, length)) return length === 5 ? 'nop5' : 'nop';
  return 'step';
}

/** The nops that the kernel itself would write (arch/x86/include/asm/nops.h), of 3 to 8 bytes. */
const kernelNops = ['0f1f00', '0f1f4000', '0f1f440000', '660f1f440000', '0f1f8000000000', '0f1f840000000000'].map(
  (text) => Buffer.from(text, 'hex'),
);

function isKernelNop(bytes: Uint8Array, at: number, length: number): boolean {
  const nop = kernelNops[length - 3];
  return nop?.every((byte, index) => bytes[at + index] === byte) ?? false;
}
