/** Where a file calls functions of other files: probes there see only its own calls, not those of all who use the other file. */
import type { ElfFile } from '../elf/file.ts';
import { findImports } from '../elf/imports.ts';
import { executionOf } from './emulated.ts';
import type { ProbePoint } from './point.ts';
import { decode, Instruction } from './x86.ts';

/** Code that is looked through; Python's modules have some 100 KiB. */
const maxCode = 16 * 1024 * 1024;
const maxCalls = 64;

/**
 * Plain probes at the calls of each function, for the program of its name: the arguments are in their registers. Other ways to
 * call it (by a pointer, by a jump at the end of a function) are not found.
 */
export function importCalls<Program extends string>(
  file: ElfFile,
  functions: Readonly<Record<string, Program>>,
): ProbePoint<Program>[] {
  const slots = new Map<number, string>();
  for (const [name, addresses] of findImports(file, Object.keys(functions)))
    for (const address of addresses) slots.set(address, name);
  const points: ProbePoint<Program>[] = [];
  if (slots.size === 0) return points;
  const code = readCode(file);
  const stubs = findStubs(code, slots);
  for (const { bytes, address, offset } of code) {
    for (let at = 0; at + 5 <= bytes.length; at++) {
      const name = calledAt(bytes, at, address, slots, stubs);
      if (name === undefined) continue;
      if (points.length === maxCalls) throw file.error(`${name} is called from more than ${maxCalls} places`);
      const execution = executionAt(bytes, at);
      points.push({
        program: functions[name]!,
        offset: offset + at,
        cookie: 0n,
        isReturn: false,
        symbol: `call of ${name}`,
        execution,
      });
    }
  }
  return points;
}

interface Code {
  bytes: Buffer;
  /** Virtual address and offset in the file of the first byte. */
  address: number;
  offset: number;
}

/** Sections of bytes that are code: .plt, .plt.sec, .text. */
function readCode(file: ElfFile): Code[] {
  const code: Code[] = [];
  let size = 0;
  for (const section of file.sections) {
    if (section.type !== 1 || !/^\.(text|plt)/.test(section.name)) continue;
    size += section.size;
    if (size > maxCode) throw file.error(`it has more than the ${maxCode} bytes of code that are read`);
    code.push({ bytes: file.readSection(section), address: section.address, offset: section.offset });
  }
  return code;
}

/**
 * Entries of the linkage table: `jmp *slot(%rip)`, that a `bnd` (f2) and an `endbr64` may come before. By every address that a call may
 * have as its target.
 */
function findStubs(code: readonly Code[], slots: ReadonlyMap<number, string>): Map<number, string> {
  const stubs = new Map<number, string>();
  for (const { bytes, address } of code) {
    for (
      let at = bytes.indexOf(jumpBySlot);
      at !== -1 && at + 6 <= bytes.length;
      at = bytes.indexOf(jumpBySlot, at + 1)
    ) {
      const name = slots.get(address + at + 6 + bytes.readInt32LE(at + 2));
      if (name === undefined) continue;
      let begin = at;
      if (bytes[begin - 1] === 0xf2) begin--;
      if (begin >= 4 && bytes.compare(endbr64, 0, 4, begin - 4, begin) === 0) begin -= 4;
      stubs.set(address + begin, name);
      stubs.set(address + at, name);
    }
  }
  return stubs;
}

const jumpBySlot = Buffer.from('ff25', 'hex');
const endbr64 = Buffer.from('f30f1efa', 'hex');

/** The function that is called here: `call stub`, or `call *slot(%rip)`. The distance is as good as a name: 32 bits that fit. */
function calledAt(
  bytes: Buffer,
  at: number,
  address: number,
  slots: ReadonlyMap<number, string>,
  stubs: ReadonlyMap<number, string>,
): string | undefined {
  if (bytes[at] === 0xe8) return stubs.get(address + at + 5 + bytes.readInt32LE(at + 1));
  if (bytes[at] === 0xff && bytes[at + 1] === 0x15 && at + 6 <= bytes.length)
    return slots.get(address + at + 6 + bytes.readInt32LE(at + 2));
  return undefined;
}

function executionAt(bytes: Buffer, at: number) {
  const instruction = new Instruction();
  return decode(bytes, at, instruction) ? executionOf(instruction, bytes, at) : 'step';
}
