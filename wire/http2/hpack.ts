/** HPACK (RFC 7541): reads header blocks with the dynamic table of a connection; writes them without one. */
import { Http2Error, http2Errors } from './errors.ts';
import { HuffmanDecoder } from './huffman.ts';
import { staticTable } from './static-table.ts';

/** Names in lower case; values of a repeated name are joined by a comma. */
export type Headers = Record<string, string>;

/** The dynamic table that peers may fill; the default of HTTP/2, which this side does not change. */
const maxTableBytes = 4096;
/** What RFC 7541 §4.1 counts for each entry besides its text. */
const entryOverheadBytes = 32;

const huffmanDecoder = new HuffmanDecoder();

/** One for each connection: header blocks must be read in the order in which they came, all of them. */
export class HpackReader {
  readonly #maxListBytes: number;
  /** Newest first. */
  readonly #table: (readonly [string, string])[];
  #tableBytes: number;
  #tableLimit: number;
  #block: Buffer;
  #at: number;

  /** `maxListBytes` bounds what a block may unfold to: a few bytes can name large entries many times. */
  constructor(maxListBytes: number) {
    this.#maxListBytes = maxListBytes;
    this.#table = [];
    this.#tableBytes = 0;
    this.#tableLimit = maxTableBytes;
    this.#block = Buffer.alloc(0);
    this.#at = 0;
  }

  /** Throws an Http2Error, after which the connection is of no use. */
  read(block: Buffer): Headers {
    const headers: Headers = Object.create(null);
    this.#block = block;
    this.#at = 0;
    let listBytes = 0;
    let regular = false;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      let field: readonly [string, string];
      if (first >= 0x80) {
        field = this.#entry(this.#integer(7));
      } else if (first >= 0x40) {
        field = this.#literal(6);
        this.#add(field);
      } else if (first >= 0x20) {
        if (listBytes > 0) throw malformed('a table size update after the first field');
        this.#resize(this.#integer(5));
        continue;
      } else {
        field = this.#literal(4);
      }
      const [name, value] = field;
      listBytes += name.length + value.length + entryOverheadBytes;
      if (listBytes > this.#maxListBytes) {
        throw new Http2Error(http2Errors.ENHANCE_YOUR_CALM, `headers larger than ${this.#maxListBytes} bytes`);
      }
      // A pseudo-header that comes late or twice makes the request malformed (RFC 9113 §8.3); the empty name marks it.
      const pseudo = name.charCodeAt(0) === 0x3a;
      if (pseudo && (regular || headers[name] !== undefined)) headers[''] = name;
      regular ||= !pseudo;
      headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
    }
    return headers;
  }

  #literal(prefixBits: number): readonly [string, string] {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [name, this.#string()];
  }

  #entry(index: number): readonly [string, string] {
    const place = index - 1;
    const entry = place < staticTable.length ? staticTable[place] : this.#table[place - staticTable.length];
    if (entry === undefined) throw malformed(`there is no entry ${index}`);
    return entry;
  }

  #add(field: readonly [string, string]): void {
    const bytes = field[0].length + field[1].length + entryOverheadBytes;
    this.#tableBytes += bytes;
    this.#table.unshift(field);
    this.#evict();
  }

  #resize(limit: number): void {
    if (limit > maxTableBytes) throw malformed(`a table of ${limit} bytes, more than was offered`);
    this.#tableLimit = limit;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableLimit) {
      const [name, value] = this.#table.pop()!;
      this.#tableBytes -= name.length + value.length + entryOverheadBytes;
    }
  }

  /** RFC 7541 §5.1. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    const prefix = this.#byte() & mask;
    if (prefix < mask) return prefix;
    let value = mask;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed('an integer that is too large');
  }

  #string(): string {
    const huffman = (this.#block[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    if (bytes.length < length) throw malformed('a string that ends after the block');
    this.#at += length;
    if (!huffman) return bytes.toString('latin1');
    if (!huffmanDecoder.decode(bytes, 0, length)) throw malformed('a string that is not Huffman code');
    return huffmanDecoder.bytes.toString('latin1', 0, huffmanDecoder.length);
  }

  #byte(): number {
    if (this.#at >= this.#block.length) throw malformed('a field that ends after the block');
    return this.#block[this.#at++]!;
  }
}

/** A header block of literals that no table remembers, so the same bytes are right on every connection at any time. */
export function writeHeaderBlock(headers: Headers): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name === ':status' && value === '200') {
      parts.push(Buffer.from([0x88]));
      continue;
    }
    const place = staticTable.findIndex(([known]) => known === name);
    parts.push(place >= 0 ? writeInteger(place + 1, 4) : Buffer.concat([Buffer.from([0]), writeString(name)]));
    parts.push(writeString(value));
  }
  return Buffer.concat(parts);
}

function writeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([writeInteger(bytes.length, 7), bytes]);
}

function writeInteger(value: number, prefixBits: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.from([value]);
  const bytes = [mask];
  for (value -= mask; value >= 0x80; value >>= 7) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  return Buffer.from(bytes);
}

function malformed(what: string): Http2Error {
  return new Http2Error(http2Errors.COMPRESSION_ERROR, `the header block has ${what}`);
}
