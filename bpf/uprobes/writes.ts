/** Which general registers an instruction may change: what is not known to leave one alone counts as changing it. */
import type { Instruction } from './x86.ts';

/** Registers in the order of their numbers in machine code. */
export const registers = [
  'rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
] as const; // biome-ignore format: one line

export type Register = (typeof registers)[number];

export const rax = 0;
export const rsp = 4;
export const rbp = 5;
const all = 0xffff;
const bit = (register: number) => 1 << register;
const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI] = [0, 1, 2, 3, 4, 5, 6, 7].map(bit) as [
  number, number, number, number, number, number, number, number,
]; // biome-ignore format: one line

/** A set of registers as bits, by number. Calls change all but the stack pointer: what a callee keeps is not relied on. */
export function changedRegisters(instruction: Instruction): number {
  if (instruction.vector) return destination(instruction) | bit(instruction.reg & 15) | bit(instruction.vvvv);
  switch (instruction.map) {
    case 1:
      return ofOneByte(instruction);
    case 2:
      return ofTwoBytes(instruction);
    case 3:
      // movbe, crc32 and adcx write general registers; the rest of this map is SSE.
      return instruction.opcode >= 0xf0 ? destination(instruction) | bit(instruction.reg) : 0;
    default:
      // pextr writes rm, pcmpistri rcx.
      return destination(instruction) | RCX;
  }
}

/** The register that ModRM's second operand names; memory changes none. */
function destination({ hasModrm, mod, rm }: Instruction): number {
  return hasModrm && mod === 3 ? bit(rm) : 0;
}

/** Operands of 8 bits without REX: numbers 4 to 7 are the second bytes of the first four registers. */
function narrow(set: number, { rex }: Instruction): number {
  return rex === 0 ? set | ((set >> 4) & 15) : set;
}

function ofOneByte(instruction: Instruction): number {
  const { opcode, reg, rex } = instruction;
  const low = bit((opcode & 7) | ((rex & 1) << 3));
  const group = reg & 7;
  if (opcode < 0x40) {
    if (opcode >= 0x38) return 0; // cmp
    const form = opcode & 7;
    if (form < 2) return narrow(destination(instruction), instruction);
    return form < 4 ? narrow(bit(reg), instruction) : RAX;
  }
  switch (opcode >> 3) {
    case 0x50 >> 3:
      return RSP;
    case 0x58 >> 3:
      return RSP | low;
    case 0x70 >> 3:
    case 0x78 >> 3:
      return 0;
    case 0x90 >> 3:
      return opcode === 0x90 && rex === 0 ? 0 : RAX | low;
    case 0xb0 >> 3:
      return narrow(low, instruction);
    case 0xb8 >> 3:
      return low;
    case 0xd8 >> 3:
      return opcode === 0xdf ? RAX : 0; // fnstsw
  }
  switch (opcode) {
    case 0x63:
    case 0x69:
    case 0x6b:
    case 0x8b:
    case 0x8d:
      return bit(reg);
    case 0x8a:
      return narrow(bit(reg), instruction);
    case 0x68:
    case 0x6a:
    case 0x9c:
    case 0x9d:
    case 0xc2:
    case 0xc3:
      return RSP;
    case 0x80:
    case 0x81:
    case 0x83:
      return group === 7 ? 0 : narrow(destination(instruction), instruction);
    case 0x84:
    case 0x85:
    case 0x8e:
    case 0x9b:
    case 0xa2:
    case 0xa3:
    case 0xa8:
    case 0xa9:
    case 0xcc:
    case 0xe3:
    case 0xe9:
    case 0xeb:
    case 0xf4:
    case 0xf5:
    case 0xf8:
    case 0xf9:
    case 0xfc:
    case 0xfd:
      return 0;
    case 0x86:
    case 0x87:
      return narrow(destination(instruction) | bit(reg), instruction);
    case 0x88:
    case 0x89:
    case 0x8c:
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xc7:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xfe:
      return narrow(destination(instruction), instruction);
    case 0x8f:
      return RSP | destination(instruction);
    case 0x98:
      return RAX;
    case 0x99:
      return RDX;
    case 0xa0:
    case 0xa1:
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed:
      return RAX;
    case 0xa4:
    case 0xa5:
    case 0xa6:
    case 0xa7:
    case 0xaa:
    case 0xab:
    case 0xac:
    case 0xad:
    case 0xae:
    case 0xaf:
      return RAX | RCX | RSI | RDI;
    case 0xc8:
    case 0xc9:
      return RSP | RBP;
    case 0xe0:
    case 0xe1:
    case 0xe2:
      return RCX;
    case 0xe8:
      return all & ~RSP;
    case 0xf6:
    case 0xf7:
      if (group < 2) return 0; // test
      return group < 4 ? narrow(destination(instruction), instruction) : RAX | RDX;
    case 0xff:
      if (group < 2) return destination(instruction);
      return group === 6 ? RSP : group === 4 || group === 5 ? 0 : all & ~RSP;
    default:
      return all;
  }
}

function ofTwoBytes(instruction: Instruction): number {
  const { opcode, reg, rex, mod, repeat } = instruction;
  switch (opcode >> 4) {
    case 1:
      // endbr64 and nops; rdssp is the one of the hints that writes.
      return opcode === 0x1e && mod === 3 && repeat === 0xf3 && reg !== 7 ? destination(instruction) : 0;
    case 2:
      if (opcode < 0x28) return destination(instruction);
      return opcode === 0x2c || opcode === 0x2d ? bit(reg) : 0;
    case 4:
      return bit(reg);
    case 5:
      return opcode === 0x50 ? bit(reg) : 0;
    case 6:
    case 8:
      return 0;
    case 7:
      return opcode === 0x7e ? destination(instruction) : opcode === 0x78 ? all : 0;
    case 9:
      return narrow(destination(instruction), instruction);
    case 0xd:
      return opcode === 0xd7 ? bit(reg) : 0;
    case 0xe:
    case 0xf:
      return 0;
  }
  switch (opcode) {
    case 0x05:
      return RAX | RCX | bit(11);
    case 0x0b:
    case 0x0d:
      return 0;
    case 0x31:
      return RAX | RDX;
    case 0xa0:
    case 0xa1:
    case 0xa8:
    case 0xa9:
      return RSP;
    case 0xa2:
      return RAX | RBX | RCX | RDX;
    case 0xa3:
    case 0xc2:
    case 0xc3:
    case 0xc4:
    case 0xc6:
      return 0;
    case 0xa4:
    case 0xa5:
    case 0xab:
    case 0xac:
    case 0xad:
    case 0xae:
    case 0xb3:
    case 0xbb:
      return destination(instruction);
    case 0xba:
      return (reg & 7) === 4 ? 0 : destination(instruction);
    case 0xaf:
    case 0xb6:
    case 0xb7:
    case 0xb8:
    case 0xbc:
    case 0xbd:
    case 0xbe:
    case 0xbf:
    case 0xc5:
      return bit(reg);
    case 0xb0:
    case 0xb1:
      return RAX | narrow(destination(instruction), instruction);
    case 0xc0:
    case 0xc1:
      return narrow(destination(instruction) | bit(reg), instruction);
    case 0xc7:
      return RAX | RDX | destination(instruction);
    default:
      // bswap
      return opcode >= 0xc8 && opcode <= 0xcf ? bit((opcode & 7) | ((rex & 1) << 3)) : all;
  }
}
