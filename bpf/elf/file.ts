/** Opens an ELF64 file: its header, sections and segments, and reads of its bytes that stay inside the file. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** What is wrong with a file that cannot be read as ELF; the message names the file. No other error leaves this folder. */
export class ElfError extends Error {
  override name = 'ElfError';
}

export interface Section {
  name: string;
  /** SHT_*: 2 symbol table, 7 note, 8 without bytes in the file, 11 dynamic symbol table. */
  type: number;
  address: number;
  offset: number;
  size: number;
  /** Index of the section with the strings of a symbol table. */
  link: number;
}

export interface Segment {
  /** PT_*: 1 loaded, 4 note. */
  type: number;
  executable: boolean;
  offset: number;
  address: number;
  fileSize: number;
  memorySize: number;
}

/** Values of e_machine that this project knows by name. */
export const machines: Readonly<Record<number, string>> = { 62: 'x86-64', 183: 'arm64' };

/** A section header is 64 bytes; a file with more of them than this is broken or hostile. */
const maxHeaders = 65_536;
/** Real files have some ten segments; each lookup of an address goes through them. */
const maxSegments = 512;
const maxRead = 64 * 1024 * 1024;

/** An open ELF file. Whoever opened it calls `close`. Section and segment tables are as the file has them, unchecked. */
export class ElfFile {
  readonly path: string;
  readonly fd: number;
  readonly size: number;
  /** e_machine */
  machine = 0;
  /** e_type: 2 executable at a fixed address, 3 shared library or position-independent executable. */
  type = 0;
  sections: Section[] = [];
  segments: Segment[] = [];

  constructor(path: string, fd: number, size: number) {
    this.path = path;
    this.fd = fd;
    this.size = size;
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Bytes of the file, freshly copied. Throws ElfError when they are not all there or more than 64 MiB. */
  read(offset: number, size: number): Buffer {
    // Written so that NaN fails too.
    if (!(offset >= 0 && size >= 0 && offset + size <= this.size)) {
      throw this.error(`bytes ${offset} to ${offset + size} are asked for, it has ${this.size}`);
    }
    if (size > maxRead) throw this.error(`${size} bytes in one piece are more than the ${maxRead} that are read`);
    const bytes = Buffer.allocUnsafe(size);
    let have = 0;
    while (have < size) {
      const count = readSync(this.fd, bytes, have, size - have, offset + have);
      if (count === 0) throw this.error('it became shorter while it was read');
      have += count;
    }
    return bytes;
  }

  section(name: string): Section | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** Bytes of a section; `at` and `size` choose a part. */
  readSection(section: Section, at = 0, size: number = section.size - at): Buffer {
    if (section.type === 8) throw this.error(`section ${section.name} has no bytes in the file`);
    if (!(at >= 0 && at + size <= section.size)) {
      throw this.error(`bytes ${at} to ${at + size} of section ${section.name} are asked for, it has ${section.size}`);
    }
    return this.read(section.offset + at, size);
  }

  /** Where the byte at a virtual address lies in the file; undefined when no loaded segment has it there. */
  fileOffset(address: number): number | undefined {
    for (const { type, address: start, offset, fileSize } of this.segments) {
      if (type === 1 && address >= start && address < start + fileSize) return address - start + offset;
    }
    return undefined;
  }

  /** Up to `size` bytes at a virtual address: less at the end of its segment. Throws ElfError when none are there. */
  readAddress(address: number, size: number): Buffer {
    for (const { type, address: start, offset, fileSize } of this.segments) {
      if (type !== 1 || address < start || address >= start + fileSize) continue;
      return this.read(address - start + offset, Math.min(size, start + fileSize - address));
    }
    throw this.error(`no loaded segment holds the address 0x${address.toString(16)}`);
  }

  error(what: string): ElfError {
    return new ElfError(`${this.path}: ${what}`);
  }
}

/**
 * Opens a file: also an unlinked one as `/proc/PID/exe`, or one of another mount namespace under `/proc/PID/root`.
 * Throws ElfError when it is no ELF64 little-endian file, or an error with `code` when it cannot be opened.
 */
export function openElf(path: string): ElfFile {
  // A path under another process's root may have become a FIFO, whose opening would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new ElfError(`${path}: it is no regular file`);
    const file = new ElfFile(path, fd, stat.size);
    readHeaders(file);
    return file;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens a file, hands it to `use`, and closes it whatever happens. */
export function withElf<Result>(path: string, use: (file: ElfFile) => Result): Result {
  const file = openElf(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}

function readHeaders(file: ElfFile): void {
  if (file.size < 64) throw file.error('it is no ELF file: it is shorter than a header');
  const header = file.read(0, 64);
  if (header.readUInt32BE(0) !== 0x7f454c46) throw file.error('it is no ELF file: it does not begin with 7f 45 4c 46');
  if (header[4] !== 2 || header[5] !== 1)
    throw file.error('it is not 64-bit little-endian; other ELF files are not read');
  file.type = header.readUInt16LE(16);
  file.machine = header.readUInt16LE(18);
  readSegments(file, u64(header, 32), header.readUInt16LE(54), header.readUInt16LE(56));
  readSections(file, u64(header, 40), header.readUInt16LE(58), header.readUInt16LE(60), header.readUInt16LE(62));
}

function readSegments(file: ElfFile, offset: number, entrySize: number, count: number): void {
  if (count === 0) return;
  if (entrySize < 56) throw file.error(`a program header has ${entrySize} bytes; ELF64 has 56`);
  if (count > maxSegments) throw file.error(`${count} segments are more than the ${maxSegments} that are read`);
  const table = file.read(offset, entrySize * count);
  for (let at = 0; at < table.length; at += entrySize) {
    file.segments.push({
      type: table.readUInt32LE(at),
      executable: (table.readUInt32LE(at + 4) & 1) !== 0,
      offset: u64(table, at + 8),
      address: u64(table, at + 16),
      fileSize: u64(table, at + 32),
      memorySize: u64(table, at + 40),
    });
  }
}

function readSections(file: ElfFile, offset: number, entrySize: number, count: number, namesIndex: number): void {
  if (offset === 0) return;
  if (entrySize < 64) throw file.error(`a section header has ${entrySize} bytes; ELF64 has 64`);
  if (count === 0 || namesIndex === 0xffff) {
    // More sections than 16 bits can count: the numbers are in section 0 (System V ABI, "Section Header").
    const first = file.read(offset, 64);
    if (count === 0) count = u64(first, 32);
    if (namesIndex === 0xffff) namesIndex = first.readUInt32LE(40);
  }
  if (count > maxHeaders) throw file.error(`${count} sections are more than the ${maxHeaders} that are read`);
  const table = file.read(offset, entrySize * count);
  const nameOffsets: number[] = [];
  for (let at = 0; at < table.length; at += entrySize) {
    nameOffsets.push(table.readUInt32LE(at));
    file.sections.push({
      name: '',
      type: table.readUInt32LE(at + 4),
      address: u64(table, at + 16),
      offset: u64(table, at + 24),
      size: u64(table, at + 32),
      link: table.readUInt32LE(at + 40),
    });
  }
  const names = file.sections[namesIndex];
  if (names === undefined || names.type === 8) return;
  const strings = file.readSection(names);
  file.sections.forEach((section, index) => {
    section.name = textAt(strings, nameOffsets[index]!);
  });
}

/** A number of 64 bits. Beyond 2^53 it is not exact, and beyond every file, so that the checks of `read` refuse it. */
export function u64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

/** Text up to a zero byte, cut after 256 bytes: longer names are not of use. */
export function textAt(bytes: Buffer, at: number): string {
  if (at >= bytes.length) return '';
  const end = bytes.subarray(at, at + 256).indexOf(0);
  return bytes.toString('latin1', at, end === -1 ? Math.min(bytes.length, at + 256) : at + end);
}
