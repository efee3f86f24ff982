/** Looks up functions by name in .symtab and .dynsym. */
import { type ElfFile, type Section, u64 } from './file.ts';
import { findNames } from './names.ts';

export interface FunctionSymbol {
  name: string;
  /** Virtual address of its first instruction. */
  address: number;
  /** Bytes, as the file says: 0 when it does not, and unchecked. */
  size: number;
  /** File offset of its first instruction: what an uprobe takes. */
  offset: number;
}

const entrySize = 24;
/** Limits for tables made to keep a reader busy: real files have one table of each kind, and a name a few times. */
const maxTables = 8;
const maxTableSize = 256 * 1024 * 1024;
const maxMatches = 4096;
/** A multiple of the entry's size. */
const chunkSize = entrySize * 43_690;

/**
 * The functions of these names that are defined in this file; the largest wins when a name is there twice (a local one of another
 * unit). Throws ElfError when the tables contradict themselves.
 */
export function findFunctions(file: ElfFile, names: Iterable<string>): Map<string, FunctionSymbol> {
  return findSymbols(file, names, isFunction);
}

/** The same of variables. */
export function findObjects(file: ElfFile, names: Iterable<string>): Map<string, FunctionSymbol> {
  return findSymbols(file, names, (type) => type === 1);
}

function findSymbols(
  file: ElfFile,
  names: Iterable<string>,
  isWanted: (type: number) => boolean,
): Map<string, FunctionSymbol> {
  const wanted = [...names];
  const found = new Map<string, FunctionSymbol>();
  const tables = file.sections.filter(({ type }) => type === 11 || type === 2);
  if (tables.length > maxTables) throw file.error(`it has ${tables.length} symbol tables; up to ${maxTables} are read`);
  for (const table of tables) {
    const strings = file.sections[table.link];
    if (strings === undefined) throw file.error(`symbol table ${table.name} has no table of strings`);
    if (Math.max(table.size, strings.size) > maxTableSize) {
      throw file.error(`symbol table ${table.name} is larger than the ${maxTableSize} bytes that are read`);
    }
    searchTable(file, table, strings, { names: wanted, isWanted }, found);
  }
  return found;
}

function searchTable(
  file: ElfFile,
  table: Section,
  strings: Section,
  { names, isWanted }: { names: string[]; isWanted: (type: number) => boolean },
  found: Map<string, FunctionSymbol>,
): void {
  const offsets = findNames((at, size) => file.readSection(strings, at, size), strings.size, names);
  if (offsets.size === 0) return;
  const end = table.size - (table.size % entrySize);
  let matches = 0;
  for (let start = 0; start < end; start += chunkSize) {
    const entries = file.readSection(table, start, Math.min(chunkSize, end - start));
    for (let at = 0; at < entries.length; at += entrySize) {
      const name = offsets.get(entries.readUInt32LE(at));
      // Of a section of this file.
      if (name === undefined || !isWanted(entries[at + 4]! & 15) || entries.readUInt16LE(at + 6) === 0) continue;
      if (++matches > maxMatches) throw file.error(`symbol table ${table.name} holds the same names again and again`);
      const address = u64(entries, at + 8);
      const offset = file.fileOffset(address);
      if (offset === undefined) continue;
      const size = u64(entries, at + 16);
      const known = found.get(name);
      if (known === undefined || size > known.size) found.set(name, { name, address, size, offset });
    }
  }
}

/** STT_FUNC or STT_GNU_IFUNC. */
function isFunction(type: number): boolean {
  return type === 2 || type === 10;
}
