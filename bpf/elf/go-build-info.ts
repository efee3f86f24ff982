/** Reads what Go's linker writes into each binary: the version of Go, and the modules that are in it. */
import { type ElfFile, u64 } from './file.ts';

export interface GoBuildInfo {
  /** As Go prints it: `go1.26.8`, or with more behind it for builds of its own kind. */
  version: string;
  /** Path of the main package, and of its module; empty when not told. */
  path: string;
  module: string;
  /** Versions of the modules it was built with, by path. */
  dependencies: Map<string, string>;
}

const magic = Buffer.from('\xff Go buildinf:', 'latin1');
/** The list of modules of the largest programs is some 100 KiB. */
const maxText = 4 * 1024 * 1024;

/** Undefined when the file is no Go binary, or so broken that it cannot be told. */
export function readGoBuildInfo(file: ElfFile): GoBuildInfo | undefined {
  const section = file.section('.go.buildinfo');
  if (section === undefined || section.type === 8 || section.size < 32) return undefined;
  const bytes = file.readSection(section, 0, Math.min(section.size, maxText));
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  // Flag 2: since Go 1.18 the texts follow, each with its length before it. Otherwise: addresses of two Go strings.
  const [version, modules] =
    (bytes[15]! & 2) !== 0 ? inlineTexts(bytes) : [textOf(file, u64(bytes, 16)), textOf(file, u64(bytes, 24))];
  if (version === undefined || !/^(go|devel)/.test(version)) return undefined;
  return { version, ...parseModules(modules ?? '') };
}

/** Numbers after `go1.`: 26 and 8 of go1.26.8; undefined for versions of another form. */
export function goMinor(version: string): { minor: number; patch: number } | undefined {
  const found = /^go1\.(\d+)(?:\.(\d+))?/.exec(version);
  return found === null ? undefined : { minor: Number(found[1]), patch: Number(found[2] ?? 0) };
}

function inlineTexts(bytes: Buffer): [string | undefined, string | undefined] {
  const [version, next] = sizedText(bytes, 32);
  return [version, next === undefined ? undefined : sizedText(bytes, next)[0]];
}

/** A length in base 128 (least significant first), and that many bytes. */
function sizedText(bytes: Buffer, at: number): [string | undefined, number | undefined] {
  let size = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) return [undefined, undefined];
    size |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  if (at + size > bytes.length) return [undefined, undefined];
  return [bytes.toString('latin1', at, at + size), at + size];
}

/** A Go string in memory: address and length. */
function textOf(file: ElfFile, address: number): string | undefined {
  if (file.fileOffset(address) === undefined) return undefined;
  const header = file.readAddress(address, 16);
  if (header.length < 16) return undefined;
  const [start, size] = [u64(header, 0), u64(header, 8)];
  if (size > maxText || file.fileOffset(start) === undefined) return undefined;
  return file.readAddress(start, size).toString('latin1');
}

/** Lines of fields with tabs between: `path P`, `mod PATH VERSION SUM`, `dep PATH VERSION SUM`, `=> PATH VERSION SUM` (a replacement). */
function parseModules(text: string): Omit<GoBuildInfo, 'version'> {
  const dependencies = new Map<string, string>();
  let path = '';
  let module = '';
  let last = '';
  // 16 bytes before and behind are marks for search in memory.
  for (const line of text.slice(16, -16).split('\n')) {
    const [kind, first = '', version = ''] = line.split('\t');
    if (kind === 'path') path = first;
    else if (kind === 'mod') module = first;
    else if (kind === 'dep') {
      last = first;
      dependencies.set(first, version);
    } else if (kind === '=>' && version !== '') dependencies.set(last, version);
  }
  return { path, module, dependencies };
}
