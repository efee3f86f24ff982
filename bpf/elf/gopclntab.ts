/**
 * Reads .gopclntab, in which every Go binary, also a stripped one, keeps the names and addresses of its functions.
 *
 * A header (magic, nfunc, offsets of the tables), then among others: the names, each ended by a zero; functab, sorted by address:
 * nfunc pairs of entry and offset of its record, then the end of the last function; the records: entry, offset of the name, … .
 * Go 1.18 changed addresses to 32-bit distances from the beginning of the text (Go's source, runtime/symtab.go, internal/abi/symtab.go).
 */
import { type ElfFile, type Section, u64 } from './file.ts';
import { findNames } from './names.ts';
import type { FunctionSymbol } from './symbols.ts';

interface Layout {
  section: Section;
  /** Where the table begins in its section: not at the front where a linker gave it none of its own. */
  start: number;
  functions: number;
  /** 8 with addresses (Go 1.16, 1.17), 4 with distances. */
  width: 4 | 8;
  /** What distances are counted from, as the table says; 0 since Go 1.26 and in position-independent binaries. */
  textStart: number;
  names: number;
  namesEnd: number;
  functab: number;
}

const chunkSize = 1024 * 1024;
/** More functions than the largest Go programs have by a factor of ten. */
const maxFunctions = 4_000_000;
/** The table of a Go binary of 700 MB has 190 MB. */
const maxTable = 512 * 1024 * 1024;
/** Sections that hold the table: its own, or the read-only data of a position-independent binary. */
const sections = ['.gopclntab', '.data.rel.ro.gopclntab', '.data.rel.ro', '.rodata'];

/** The functions of these names. Undefined when the file has no table of a known form. Throws ElfError when it contradicts itself. */
export function findGoFunctions(file: ElfFile, names: Iterable<string>): Map<string, FunctionSymbol> | undefined {
  const layout = findLayout(file);
  if (layout === undefined) return undefined;
  const found = new Map<string, FunctionSymbol>();
  const { section, start } = layout;
  const offsets = findNames(
    (at, size) => file.readSection(section, start + layout.names + at, size),
    layout.namesEnd - layout.names,
    names,
  );
  if (offsets.size === 0) return found;
  const table = readFunctab(file, layout);
  const entries = functionsNamed(file, layout, table, offsets);
  if (entries.length === 0) return found;
  const text = layout.width === 8 ? 0 : textStart(file, layout, table);
  for (const { name, entry, end } of entries) {
    const address = text + entry;
    const offset = file.fileOffset(address);
    if (offset === undefined) continue;
    const size = Math.max(0, end - entry);
    // Assembly may have a small wrapper of the same name, for callers with the other rules of arguments.
    if (size >= (found.get(name)?.size ?? 0)) found.set(name, { name, address, size, offset });
  }
  return found;
}

function findLayout(file: ElfFile): Layout | undefined {
  for (const name of sections) {
    const section = file.section(name);
    if (section === undefined || section.type === 8) continue;
    const own = name.endsWith('.gopclntab');
    const start = own ? 0 : searchHeader(file, section);
    const layout = start === undefined ? undefined : readHeader(file, section, start);
    if (layout !== undefined) return layout;
  }
  return undefined;
}

/** Looks for a header in a section: its magic, two zeros, the smallest instruction 1 and 8-byte pointers; aligned. */
function searchHeader(file: ElfFile, section: Section): number | undefined {
  const headers = [0xf1, 0xf0, 0xfa].map((magic) => Buffer.from([magic, 0xff, 0xff, 0xff, 0, 0, 1, 8]));
  const size = Math.min(section.size, maxTable);
  for (let start = 0; start < size; start += chunkSize) {
    const bytes = file.readSection(section, start, Math.min(chunkSize + 8, section.size - start));
    for (const header of headers) {
      for (let at = bytes.indexOf(header); at !== -1; at = bytes.indexOf(header, at + 1)) {
        if (at % 8 === 0 && readHeader(file, section, start + at) !== undefined) return start + at;
      }
    }
  }
  return undefined;
}

function readHeader(file: ElfFile, section: Section, start: number): Layout | undefined {
  if (section.size - start < 72) return undefined;
  const header = file.readSection(section, start, 72);
  const magic = header.readUInt32LE(0);
  // f1: Go 1.20 and later; f0: 1.18, 1.19; fa: 1.16, 1.17, which has no field for the text's beginning.
  const known = magic === 0xfffffff1 || magic === 0xfffffff0 || magic === 0xfffffffa;
  if (!known || header[6] !== 1 || header[7] !== 8) return undefined;
  const old = magic === 0xfffffffa;
  const fields = old ? 24 : 32;
  const functions = u64(header, 8);
  const [names, namesEnd, functab] = [u64(header, fields), u64(header, fields + 8), u64(header, fields + 32)] as const;
  const width = old ? 8 : 4;
  const size = Math.min(section.size - start, maxTable);
  const fits = functions > 0 && functions <= maxFunctions && names <= namesEnd && namesEnd <= size;
  if (!fits || functab + (functions * 2 + 1) * width > size) return undefined;
  return { section, start, functions, width, textStart: old ? 0 : u64(header, 24), names, namesEnd, functab };
}

function readFunctab(file: ElfFile, { section, start, functab, functions, width }: Layout): Buffer {
  return file.readSection(section, start + functab, (functions * 2 + 1) * width);
}

interface Entry {
  name: string;
  entry: number;
  end: number;
}

/** Goes through the records, which lie in the order of functab, piece by piece. */
function functionsNamed(file: ElfFile, layout: Layout, table: Buffer, offsets: Map<number, string>): Entry[] {
  const { section, start, functab, functions, width } = layout;
  const number = width === 4 ? (at: number) => table.readUInt32LE(at * 4) : (at: number) => u64(table, at * 8);
  const limit = Math.min(section.size - start, maxTable);
  const found: Entry[] = [];
  let piece: Buffer = Buffer.alloc(0);
  let pieceStart = 0;
  for (let index = 0; index < functions; index++) {
    const record = functab + number(index * 2 + 1);
    // A record's beginning: the entry, and the 32-bit offset of its name.
    if (record + width + 4 > limit)
      throw file.error(`function ${index} of .gopclntab has its record outside of the table`);
    if (record < pieceStart || record + width + 4 > pieceStart + piece.length) {
      // Records are in ascending order, so a table is read once; one that jumps about is hostile.
      if (record < pieceStart) throw file.error(`the records of .gopclntab are not in order at function ${index}`);
      pieceStart = record;
      piece = file.readSection(section, start + record, Math.min(chunkSize, limit - record));
    }
    const name = offsets.get(piece.readInt32LE(record - pieceStart + width));
    if (name !== undefined) found.push({ name, entry: number(index * 2), end: number(index * 2 + 2) });
  }
  return found;
}

/** Where the code begins that the table counts from. */
function textStart(file: ElfFile, layout: Layout, table: Buffer): number {
  const text = file.section('.text');
  if (text === undefined) throw file.error('it has no section .text, from which .gopclntab counts');
  if (layout.textStart !== 0 && file.fileOffset(layout.textStart) !== undefined) return layout.textStart;
  // In binaries linked with C, Go's code begins somewhere inside .text: the right distance makes Go's functions begin as such.
  const entries = sampleEntries(table, layout.functions);
  if (looksRight(file, text.address, entries)) return text.address;
  const limit = Math.min(text.size, 256 * 1024);
  for (let distance = 16; distance < limit; distance += 16) {
    if (looksRight(file, text.address + distance, entries)) return text.address + distance;
  }
  throw file.error('the beginning of Go code in .text is not found');
}

/** Entries of 64 functions, spread over the table. */
function sampleEntries(table: Buffer, functions: number): number[] {
  const step = Math.max(1, Math.floor(functions / 64));
  const entries: number[] = [];
  for (let index = 0; index < functions; index += step) entries.push(table.readUInt32LE(index * 8));
  return entries;
}

/** Whether at least a quarter of these functions begin with the check of the stack's limit: cmp 0x10(%r14),%rsp. */
function looksRight(file: ElfFile, start: number, entries: number[]): boolean {
  let right = 0;
  for (const [index, entry] of entries.entries()) {
    // Nearly all wrong distances are known as such after a few functions.
    if (index === 16 && right === 0) return false;
    const offset = file.fileOffset(start + entry);
    if (offset === undefined || offset + 4 > file.size) return false;
    if (file.read(offset, 4).readUInt32BE(0) === 0x493b6610) right++;
  }
  return right * 4 >= entries.length;
}
