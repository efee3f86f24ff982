/** Pointers in a file's data as they are once it is loaded: where it can lie anywhere, the file has them in its table of relocations. */
import { type ElfFile, u64 } from './file.ts';

const entrySize = 24;
/** R_X86_64_RELATIVE: the addend is the address. */
const relative = 8;
/** libpython's is 700 KB. */
const maxTableSize = 64 * 1024 * 1024;

/** `count` pointers in a row from a virtual address, each as an address in the same file; 0 for those that lead elsewhere or nowhere. */
export function readPointers(file: ElfFile, address: number, count: number): number[] {
  const bytes = file.readAddress(address, count * 8);
  // In a file at a fixed address, and with packed relocations, they are where they are read from.
  const found = Array.from({ length: Math.floor(bytes.length / 8) }, (_, index) => u64(bytes, index * 8));
  for (const table of file.sections) {
    if (table.type !== 4 || table.size > maxTableSize) continue;
    const entries = file.readSection(table);
    for (let at = 0; at + entrySize <= entries.length; at += entrySize) {
      const index = (u64(entries, at) - address) / 8;
      if (!(index >= 0 && index < found.length && Number.isInteger(index))) continue;
      found[index] = entries.readUInt32LE(at + 8) === relative ? u64(entries, at + 16) : 0;
    }
  }
  return found;
}
