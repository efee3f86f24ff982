/**
 * Decodes x86-64 instructions as far as probes need it: length, operation, operands in ModRM form, where a jump goes.
 *
 * An instruction is: prefixes, REX or VEX/EVEX/XOP, opcode, ModRM, SIB, displacement, immediate (Intel SDM volume 2, chapter 2
 * and appendix A). The tables below hold one letter an opcode, which says what follows it:
 *   `.` nothing   `m` ModRM   `b` 8-bit immediate   `w` 16 bits   `z` 16 or 32 bits   `v` 16, 32 or 64 bits
 *   `B` ModRM and 8 bits   `Z` ModRM and 16 or 32 bits   `j` 32-bit distance   `o` address   `e` enter's 24 bits
 *   `f` ModRM, 8 bits when its register field is 0 or 1   `F` the same with 16 or 32 bits   `x` not in 64-bit mode
 */
const oneByte = [
  'mmmmbzxxmmmmbzxx', // 00 add or; 0f is another map
  'mmmmbzxxmmmmbzxx', // 10 adc sbb
  'mmmmbzxxmmmmbzxx', // 20 and sub; 26 2e are prefixes
  'mmmmbzxxmmmmbzxx', // 30 xor cmp; 36 3e are prefixes
  'xxxxxxxxxxxxxxxx', // 40 REX
  '................', // 50 push pop
  'xxxmxxxxzZbB....', // 60 62 is EVEX; movsxd; 64 to 67 are prefixes; push imul ins outs
  'bbbbbbbbbbbbbbbb', // 70 jcc
  'BZxBmmmmmmmmmmmm', // 80 groups test xchg mov lea pop
  '..........x.....', // 90 nop xchg cbw fwait pushf
  'oooo....bz......', // a0 mov movs cmps test stos lods scas
  'bbbbbbbbvvvvvvvv', // b0 mov
  'BBw.xxBZe.w..bx.', // c0 shifts ret; c4 c5 are VEX; mov enter leave retf int iret
  'mmmmxxx.mmmmmmmm', // d0 shifts xlat x87
  'bbbbbbbbjjxb....', // e0 loop in out call jmp
  'x.xx..fF......mm', // f0 lock rep hlt groups
].join('');

const twoBytes = [
  'mmmmx.....x.xm.B', // 00 system, syscall, ud2, prefetch, femms, 3DNow!
  'mmmmmmmmmmmmmmmm', // 10 moves, hints, nop, endbr
  'mmmmmmmmmmmmmmmm', // 20 control registers, conversions
  '......x.xxxxxxxx', // 30 wrmsr rdtsc; 38 and 3a are other maps
  'mmmmmmmmmmmmmmmm', // 40 cmov
  'mmmmmmmmmmmmmmmm', // 50
  'mmmmmmmmmmmmmmmm', // 60
  'BBBBmmm.mmmmmmmm', // 70 shuffles, shifts, emms
  'jjjjjjjjjjjjjjjj', // 80 jcc
  'mmmmmmmmmmmmmmmm', // 90 setcc
  '...mBmmm...mBmmm', // a0 push fs cpuid bt shld, gs rsm shrd imul
  'mmmmmmmmmmBmmmmm', // b0 cmpxchg movzx popcnt
  'mmBmBBBm........', // c0 xadd cmpps pinsrw shufps, bswap
  'mmmmmmmmmmmmmmmm', // d0
  'mmmmmmmmmmmmmmmm', // e0
  'mmmmmmmmmmmmmmmm', // f0
].join('');

/** No instruction is longer. */
export const maxInstruction = 15;

/** One decoded instruction; the decoder fills the same object again and again. */
export class Instruction {
  length = 0;
  /** 1: one byte; 2: after 0f; 3: after 0f 38; 4: after 0f 3a; 5 and more: others, only of VEX, EVEX and XOP. */
  map = 0;
  opcode = 0;
  /** Whether VEX, EVEX or XOP came before the opcode. */
  vector = false;
  /** Register that VEX names besides ModRM's two. */
  vvvv = 0;
  /** The REX prefix, or its bits as VEX and EVEX carry them; 0 without one. */
  rex = 0;
  operand16 = false;
  /** f2, f3 or 0. */
  repeat = 0;
  /** 64, 65 or 0: the memory operand is relative to fs or gs. */
  segment = 0;
  hasModrm = false;
  /** ModRM's fields, widened by REX. `rm` is a register when `mod` is 3; else `base` and `index` tell the address. */
  mod = 0;
  reg = 0;
  rm = 0;
  /** Base register of a memory operand; -1: none, -2: the instruction pointer. */
  base = -1;
  /** Index register of a memory operand; -1: none. */
  index = -1;
  displacement = 0;
  /** Low 32 bits of the immediate, signed; the distance of a jump. */
  immediate = 0;
}

/** Decodes the instruction at `at`. False when these bytes are none, or end before it does; then `out` is of no use. */
export function decode(bytes: Uint8Array, at: number, out: Instruction): boolean {
  const start = at;
  const end = Math.min(bytes.length, start + maxInstruction);
  out.map = 1;
  out.vector = out.operand16 = out.hasModrm = false;
  out.rex = out.repeat = out.segment = out.vvvv = out.displacement = out.immediate = 0;
  out.mod = out.reg = out.rm = 0;
  out.base = out.index = -1;
  let address32 = false;
  let opcode = 0;
  for (; ; at++) {
    if (at >= end) return false;
    opcode = bytes[at]!;
    if (opcode === 0x66) out.operand16 = true;
    else if (opcode === 0x67) address32 = true;
    else if (opcode === 0xf2 || opcode === 0xf3) out.repeat = opcode;
    else if (opcode === 0x64 || opcode === 0x65) out.segment = opcode;
    else if (opcode !== 0xf0 && (opcode & 0xe7) !== 0x26) {
      if (opcode >> 4 !== 4) break;
      // REX counts only directly before the opcode.
      out.rex = opcode;
      continue;
    }
    out.rex = 0;
  }
  at++;

  let shape: string;
  if (opcode === 0x0f) {
    if (at >= end) return false;
    opcode = bytes[at++]!;
    if (opcode === 0x38 || opcode === 0x3a) {
      if (at >= end) return false;
      out.map = opcode === 0x38 ? 3 : 4;
      opcode = bytes[at++]!;
      shape = out.map === 3 ? 'm' : 'B';
    } else {
      out.map = 2;
      shape = twoBytes[opcode]!;
      // SSE4a: extrq and insertq have two lengths of bits.
      if (opcode === 0x78 && (out.operand16 || out.repeat === 0xf2)) shape = 'W';
    }
  } else if (isVector(bytes, at, opcode, end)) {
    const after = decodeVector(bytes, at, opcode, out);
    if (after >= end) return false;
    at = after;
    opcode = bytes[at++]!;
    shape = vectorShape(out.map, opcode);
  } else {
    shape = oneByte[opcode]!;
  }
  if (shape === 'x') return false;
  out.opcode = opcode;

  if (!'.bwzvjoe'.includes(shape)) {
    at = decodeModrm(bytes, at, end, out);
    if (at > end) return false;
  }
  const size = immediateSize(shape, out, address32);
  if (at + size > end) return false;
  out.immediate = readImmediate(bytes, at, size);
  out.length = at + size - start;
  return true;
}

/** c4, c5 and 62 are always VEX and EVEX in 64-bit mode; 8f is XOP when it would be no pop. */
function isVector(bytes: Uint8Array, at: number, opcode: number, end: number): boolean {
  if (opcode === 0xc4 || opcode === 0xc5 || opcode === 0x62) return true;
  return opcode === 0x8f && at < end && (bytes[at]! & 0x1f) >= 8;
}

/** Reads the rest of VEX, EVEX or XOP, whose first byte is before `at`; returns where the opcode is. */
function decodeVector(bytes: Uint8Array, at: number, first: number, out: Instruction): number {
  const p0 = bytes[at] ?? 0;
  const p1 = bytes[at + 1] ?? 0;
  out.vector = true;
  if (first === 0xc5) {
    out.map = 2;
    out.rex = 0x40 | ((~p0 >> 5) & 4);
    out.vvvv = (~p0 >> 3) & 15;
    setPrefix(out, p0 & 3);
    return at + 1;
  }
  // The bits R, X and B are stored inverted, in this order from the top.
  out.rex = 0x40 | ((~p0 >> 5) & 7) | ((p1 >> 4) & 8);
  out.map = (p0 & (first === 0x62 ? 7 : 0x1f)) + 1;
  out.vvvv = (~p1 >> 3) & 15;
  setPrefix(out, p1 & 3);
  return at + (first === 0x62 ? 3 : 2);
}

/** VEX packs the prefixes 66, f3 and f2 in two bits. */
function setPrefix(out: Instruction, bits: number): void {
  out.operand16 = bits === 1;
  out.repeat = bits === 2 ? 0xf3 : bits === 3 ? 0xf2 : 0;
}

/** Maps of VEX and EVEX are counted as ours, plus 1: 2 is 0f, 3 is 0f 38, 4 is 0f 3a; 9, 10 and 11 are XOP's. */
function vectorShape(map: number, opcode: number): string {
  switch (map) {
    case 2: {
      if (opcode === 0x77) return '.';
      return twoBytes[opcode] === 'B' ? 'B' : 'm';
    }
    case 3:
    case 6:
    case 7:
    case 10:
      return 'm';
    case 4:
    case 9:
      return 'B';
    case 8:
    case 11:
      return 'D';
    default:
      return 'x';
  }
}

function decodeModrm(bytes: Uint8Array, at: number, end: number, out: Instruction): number {
  if (at >= end) return end + 1;
  const modrm = bytes[at++]!;
  out.hasModrm = true;
  out.mod = modrm >> 6;
  out.reg = ((modrm >> 3) & 7) | ((out.rex & 4) << 1);
  out.rm = (modrm & 7) | ((out.rex & 1) << 3);
  if (out.mod === 3) return at;
  let displacement = out.mod === 1 ? 1 : out.mod === 2 ? 4 : 0;
  out.base = out.rm;
  if ((modrm & 7) === 4) {
    if (at >= end) return end + 1;
    const sib = bytes[at++]!;
    const index = ((sib >> 3) & 7) | ((out.rex & 2) << 2);
    out.index = index === 4 ? -1 : index;
    out.base = (sib & 7) | ((out.rex & 1) << 3);
    if ((sib & 7) === 5 && out.mod === 0) {
      out.base = -1;
      displacement = 4;
    }
  } else if ((modrm & 7) === 5 && out.mod === 0) {
    out.base = -2;
    displacement = 4;
  }
  if (at + displacement > end) return end + 1;
  out.displacement = readImmediate(bytes, at, displacement);
  return at + displacement;
}

function immediateSize(shape: string, out: Instruction, address32: boolean): number {
  const wide = (out.rex & 8) !== 0;
  const natural = out.operand16 && !wide ? 2 : 4;
  // The register field of ModRM, without REX: which instruction of a group.
  const group = out.reg & 7;
  switch (shape) {
    case 'b':
    case 'B':
      return 1;
    case 'w':
    case 'W':
      return 2;
    case 'z':
    case 'Z':
      return natural;
    case 'v':
      return wide ? 8 : natural;
    case 'o':
      return address32 ? 4 : 8;
    case 'e':
      return 3;
    case 'j':
    case 'D':
      return 4;
    case 'f':
      return group < 2 ? 1 : 0;
    case 'F':
      return group < 2 ? natural : 0;
    default:
      return 0;
  }
}

function readImmediate(bytes: Uint8Array, at: number, size: number): number {
  if (size === 1) return (bytes[at]! << 24) >> 24;
  if (size === 2) return ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16;
  if (size < 4) return 0;
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
