/** The build id of an ELF file: the note that a linker writes so that a binary is known again. */
import { type ElfFile, textAt } from './file.ts';

/** Notes are small; a longer area is not searched further. */
const maxNotes = 64 * 1024;

/** The GNU build id in hexadecimal, or Go's build id as it is; undefined when the file has none or its notes are broken. */
export function readBuildId(file: ElfFile): string | undefined {
  for (const area of file.segments) {
    if (area.type !== 4) continue;
    const size = Math.min(area.fileSize, maxNotes);
    if (area.offset + size > file.size) continue;
    const id = searchNotes(file.read(area.offset, size));
    if (id !== undefined) return id;
  }
  return undefined;
}

/** A note is u32 length of its owner's name, u32 length of its content, u32 type; then both, each filled up to 4 bytes. */
function searchNotes(bytes: Buffer): string | undefined {
  let at = 0;
  while (at + 12 <= bytes.length) {
    const nameSize = bytes.readUInt32LE(at);
    const contentSize = bytes.readUInt32LE(at + 4);
    const type = bytes.readUInt32LE(at + 8);
    const content = at + 12 + filled(nameSize);
    const next = content + filled(contentSize);
    if (next > bytes.length) return undefined;
    const owner = textAt(bytes.subarray(at + 12, at + 12 + nameSize), 0);
    if (owner === 'GNU' && type === 3) return bytes.toString('hex', content, content + contentSize);
    if (owner === 'Go' && type === 4) return bytes.toString('latin1', content, content + contentSize);
    at = next;
  }
  return undefined;
}

function filled(size: number): number {
  return Math.ceil(size / 4) * 4;
}
