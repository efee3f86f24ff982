/**
 * Reads HPACK header blocks (RFC 7541) as an observer does, who may have missed what the dynamic table holds.
 *
 *   1 index(7+)                       a field of the tables                                  §6.1
 *   01 index(6+) [name] value         a field, added to the dynamic table; index 0: with name  §6.2.1
 *   001 size(5+)                      the dynamic table's new maximum                        §6.3
 *   0000 or 0001 index(4+) [name] value   a field that is not added                            §6.2.2, §6.2.3
 *   name, value                       H(1) length(7+) bytes; H: Huffman-coded                §5.2
 *
 * Entries count from the newest, so those added since the observer came have their right index, and an index beyond them is said to be
 * unknown. After lost bytes the number of added entries is unknown too: then all is.
 */
import { HuffmanDecoder } from '../../../wire/http2/huffman.ts';
import { staticTable } from '../../../wire/http2/static-table.ts';
import type { HeaderNames } from '../http/header-names.ts';
import { interned } from '../text.ts';
import type { ToldTable } from './told.ts';

/** Takes the fields of a block. `kind` is the name's place in the table of names. */
export interface FieldSink {
  field(kind: number, value: string): void;
  /** A field whose name, or whose value, is not known: `kind` -1 when it is the name. */
  unknownField(kind: number): void;
}

/** What the dynamic table keeps of a field: only what someone wants to know. */
interface Entry {
  /** -1: a name that nobody looks for; -2: not known. */
  kind: number;
  /** Null when it is not known, '' when nobody looks for it. */
  value: string | null;
  /** As RFC 7541 §4.1 counts; less where the length of a text is not known, which keeps an entry too long but never too short. */
  size: number;
}

const unwanted = -1;
const unknown = -2;
const entryOverhead = 32;
/** Most bytes a dynamic table may be told to have. */
const largestTable = 64 * 1024;
const defaultTable = 4096;
/** Bytes of one text that are looked at. */
const longestText = 16 * 1024;

export class HpackDecoder {
  readonly #names: HeaderNames;
  /** Nothing that may have added entries was missed, or what it added was told. */
  isComplete: boolean;
  readonly #static: Entry[];
  /** The newest is the last; those before `#oldest` are gone. */
  #entries: Entry[] = [];
  #oldest = 0;
  #size = 0;
  #max: number;

  // Where the last number or text ended; -1 when it was not valid.
  #at = 0;
  #text: string | null = '';
  #textSize = 0;
  #kind = 0;

  /** `fromStart`: the whole connection has been seen, so the table cannot have grown without notice. */
  constructor(names: HeaderNames, fromStart: boolean) {
    this.#names = names;
    this.isComplete = fromStart;
    this.#static = staticEntries(names);
    this.#max = fromStart ? defaultTable : largestTable;
  }

  /** Bytes that may have added entries were lost. */
  forget(): void {
    this.isComplete = false;
    this.#entries = [];
    this.#oldest = 0;
    this.#size = 0;
    this.#max = largestTable;
  }

  /** Begins with a table that was told. Where its oldest entries are missing, those are unknown. */
  load({ fields, maxSize }: ToldTable): void {
    this.forget();
    for (let at = fields.length - 1; at >= 0; at--) {
      const [name, value] = fields[at]!;
      const kind = this.#names.table.findText(name);
      const size = name.length + value.length + entryOverhead;
      this.#entries.push({ kind, value: kind === unwanted ? '' : value, size });
      this.#size += size;
    }
    this.#max = Math.min(maxSize, largestTable);
    this.isComplete = true;
  }

  /** Reads one whole block. False when it is not valid, or was cut: then the dynamic table is unknown from here on. */
  decode(bytes: Buffer, start: number, end: number, sink: FieldSink): boolean {
    this.#at = start;
    while (this.#at < end && this.#at >= 0) {
      const first = bytes[this.#at]!;
      if ((first & 0x80) !== 0) {
        const index = this.#number(bytes, end, 7);
        if (index <= 0) {
          this.#at = -1;
          break;
        }
        this.#give(this.#lookUp(index), sink);
      } else if ((first & 0xe0) === 0x20) {
        const max = this.#number(bytes, end, 5);
        if (max < 0) break;
        this.#max = Math.min(max, largestTable);
        this.#evict();
      } else {
        const adds = (first & 0x40) !== 0;
        const index = this.#number(bytes, end, adds ? 6 : 4);
        if (index < 0 || !this.#literal(bytes, end, index, adds, sink)) break;
      }
    }
    if (this.#at === end) return true;
    this.forget();
    return false;
  }

  #literal(bytes: Buffer, end: number, index: number, adds: boolean, sink: FieldSink): boolean {
    let nameSize = 0;
    if (index === 0) {
      if (!this.#name(bytes, end)) return false;
      nameSize = this.#textSize;
    } else {
      const entry = this.#lookUp(index);
      this.#kind = entry === null ? unknown : entry.kind;
      nameSize = index <= staticTable.length ? staticTable[index - 1]![0].length : 0;
    }
    const kind = this.#kind;
    if (!this.#value(bytes, end, kind >= 0)) return false;
    const value = this.#text;
    if (kind === unknown) sink.unknownField(-1);
    else if (kind >= 0) {
      if (value === null) sink.unknownField(kind);
      else sink.field(kind, value);
    }
    if (adds) {
      const size = nameSize + this.#textSize + entryOverhead;
      this.#entries.push({ kind, value, size });
      this.#size += size;
      this.#evict();
    }
    return true;
  }

  #give(entry: Entry | null, sink: FieldSink): void {
    if (entry === null || entry.kind === unknown) sink.unknownField(-1);
    else if (entry.kind === unwanted) return;
    else if (entry.value === null) sink.unknownField(entry.kind);
    else sink.field(entry.kind, entry.value);
  }

  #lookUp(index: number): Entry | null {
    if (index <= staticTable.length) return this.#static[index - 1]!;
    const place = this.#entries.length - (index - staticTable.length);
    return place < this.#oldest ? null : this.#entries[place]!;
  }

  #evict(): void {
    const entries = this.#entries;
    while (this.#size > this.#max && this.#oldest < entries.length) this.#size -= entries[this.#oldest++]!.size;
    if (this.#oldest > 64 && this.#oldest * 2 > entries.length) {
      this.#entries = entries.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  /** An integer with a prefix of `bits` (§5.1); -1 when it is cut or too large. */
  #number(bytes: Buffer, end: number, bits: number): number {
    const mask = (1 << bits) - 1;
    let value = bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21 && this.#at < end; shift += 7) {
      const byte = bytes[this.#at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.#at = -1;
    return -1;
  }

  /** Reads a name and looks it up. */
  #name(bytes: Buffer, end: number): boolean {
    const huffman = this.#at < end && (bytes[this.#at]! & 0x80) !== 0;
    const from = this.#length(bytes, end);
    if (from < 0) return false;
    const to = this.#at;
    this.#textSize = to - from;
    if (!huffman) {
      this.#kind = this.#names.table.find(bytes, from, to);
      return true;
    }
    const name = to - from > longestText ? null : huffmanText(bytes, from, to);
    this.#textSize = name === null ? 0 : name.length;
    this.#kind = name === null ? unknown : this.#names.table.findText(name);
    return true;
  }

  /** Reads a value; as text only when it is wanted. */
  #value(bytes: Buffer, end: number, wanted: boolean): boolean {
    const huffman = this.#at < end && (bytes[this.#at]! & 0x80) !== 0;
    const from = this.#length(bytes, end);
    if (from < 0) return false;
    const length = this.#at - from;
    this.#text = '';
    // 30 bits is the longest code.
    this.#textSize = huffman ? Math.floor((length * 8) / 30) : length;
    if (!wanted) return true;
    if (length > longestText) this.#text = null;
    else this.#text = huffman ? huffmanText(bytes, from, this.#at) : interned.get(bytes, from, this.#at);
    if (this.#text !== null) this.#textSize = this.#text.length;
    return true;
  }

  /** Reads the length of a text and steps over it; returns where it begins, or -1. */
  #length(bytes: Buffer, end: number): number {
    if (this.#at >= end) {
      this.#at = -1;
      return -1;
    }
    const length = this.#number(bytes, end, 7);
    const from = this.#at;
    if (length < 0 || length > end - from) {
      this.#at = -1;
      return -1;
    }
    this.#at = from + length;
    return from;
  }
}

const staticCache = new WeakMap<HeaderNames, Entry[]>();

function staticEntries(names: HeaderNames): Entry[] {
  let entries = staticCache.get(names);
  if (entries === undefined) {
    entries = staticTable.map(([name, value]) => ({ kind: names.table.findText(name), value, size: 0 }));
    staticCache.set(names, entries);
  }
  return entries;
}

const huffmanDecoder = new HuffmanDecoder();

/** The text of Huffman-coded bytes, one character per byte; null when they are not valid. */
function huffmanText(bytes: Buffer, start: number, end: number): string | null {
  return huffmanDecoder.decode(bytes, start, end) ? interned.get(huffmanDecoder.bytes, 0, huffmanDecoder.length) : null;
}
