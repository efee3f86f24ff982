/** Layouts of structs and enums as the compiler saw them, from the .BTF section of a compiled object, without the kernel. */
import { readFileSync } from 'node:fs';
import { Btf, type Layout } from './btf.ts';

/**
 * Names, offsets and sizes of the fields of a struct or union in an object file.
 *
 * Throws an Error when the file cannot be read, has no BTF, or knows no such struct (one that no variable, map or function
 * of the object uses is left out by clang).
 */
export function readLayout(path: string, structName: string): Layout {
  const layout = readBtf(path).layout(structName);
  if (layout === undefined) throw new Error(`${path}: no struct or union ${structName} in its BTF`);
  return layout;
}

/** Types of an object file. Throws an Error when it cannot be read or has no BTF. */
export function readBtf(path: string): Btf {
  const bytes = sectionOf(readFileSync(path), '.BTF', path);
  try {
    return new Btf(bytes);
  } catch (error) {
    throw new Error(`${path}: its BTF cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Contents of a section of a little-endian ELF64 file (elf(5): e_shoff at 40, e_shentsize at 58, e_shnum, e_shstrndx). */
function sectionOf(file: Uint8Array, wanted: string, path: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error(`${path} is no little-endian ELF64 file; compile it with clang -target bpf`);
  }
  try {
    const headers = Number(view.getBigUint64(40, true));
    const entry = view.getUint16(58, true);
    const count = view.getUint16(60, true);
    const at = (index: number) => {
      const start = headers + index * entry;
      const offset = Number(view.getBigUint64(start + 24, true));
      return { name: view.getUint32(start, true), offset, size: Number(view.getBigUint64(start + 32, true)) };
    };
    const names = at(view.getUint16(62, true));
    const nameBytes = Buffer.from(file.buffer, file.byteOffset + names.offset, names.size);
    for (let i = 0; i < count; i++) {
      const section = at(i);
      const end = nameBytes.indexOf(0, section.name);
      if (nameBytes.toString('latin1', section.name, end) !== wanted) continue;
      if (section.offset + section.size > file.length) break;
      return file.subarray(section.offset, section.offset + section.size);
    }
  } catch (error) {
    throw new Error(`${path}: its section table points outside of the file`, { cause: error });
  }
  throw new Error(`${path} has no whole section ${wanted}; compile it with clang -g -target bpf`);
}
