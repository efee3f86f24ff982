/** Finds where the dynamic linker writes the addresses of functions that a file takes from others. */
import { type ElfFile, type Section, u64 } from './file.ts';
import { findNames } from './names.ts';

const symbolSize = 24;
const relocationSize = 24;
/** Limits for tables made to keep a reader busy. */
const maxTableSize = 64 * 1024 * 1024;
const maxSlots = 256;
/** Relocations of x86-64 that hold a function's address: R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT. */
const addressTypes = new Set([6, 7]);

/**
 * Virtual addresses of the words of the global offset table that hold these functions, by name: more than one where a file calls a
 * function both at once and lazily. Throws ElfError when the tables contradict themselves.
 */
export function findImports(file: ElfFile, names: Iterable<string>): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const table = file.sections.find(({ type }) => type === 11);
  if (table === undefined) return found;
  const wanted = findSymbols(file, table, names);
  if (wanted.size === 0) return found;
  const index = file.sections.indexOf(table);
  let slots = 0;
  let size = 0;
  for (const section of file.sections) {
    if (section.type !== 4 || section.link !== index) continue;
    size += section.size;
    const entries = readTable(file, section, relocationSize, size);
    for (let at = 0; at < entries.length; at += relocationSize) {
      const name = addressTypes.has(entries.readUInt32LE(at + 8))
        ? wanted.get(entries.readUInt32LE(at + 12))
        : undefined;
      if (name === undefined) continue;
      if (++slots > maxSlots) throw file.error(`section ${section.name} names the same functions again and again`);
      const known = found.get(name);
      if (known === undefined) found.set(name, [u64(entries, at)]);
      else known.push(u64(entries, at));
    }
  }
  return found;
}

/** Names by the index of their symbol, of those that the file does not define itself. */
function findSymbols(file: ElfFile, table: Section, names: Iterable<string>): Map<number, string> {
  const strings = file.sections[table.link];
  if (strings === undefined) throw file.error(`symbol table ${table.name} has no table of strings`);
  if (strings.size > maxTableSize)
    throw file.error(`section ${strings.name} passes the ${maxTableSize} bytes that are read`);
  const offsets = findNames((at, size) => file.readSection(strings, at, size), strings.size, names);
  const symbols = new Map<number, string>();
  if (offsets.size === 0) return symbols;
  const entries = readTable(file, table, symbolSize);
  for (let at = 0; at < entries.length; at += symbolSize) {
    const name = offsets.get(entries.readUInt32LE(at));
    if (name !== undefined && entries.readUInt16LE(at + 6) === 0) symbols.set(at / symbolSize, name);
  }
  return symbols;
}

/** Whole entries of a table; `all` counts those of its kind before it, too. */
function readTable(file: ElfFile, section: Section, entrySize: number, all = section.size): Buffer {
  if (all > maxTableSize) throw file.error(`section ${section.name} passes the ${maxTableSize} bytes that are read`);
  return file.readSection(section, 0, section.size - (section.size % entrySize));
}
