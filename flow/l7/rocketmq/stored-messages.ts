/** Messages as a broker stores and sends them, in the body of the answer to a pull: their properties are wanted. */
import { utf8 } from '../text.ts';

/*
 *  0  4  size            20  8  queue offset        48  8+ born host: IPv4 or IPv6 address and port by flag
 *  4  4  magic           28  8  physical offset      …  8  store time, 8+ store host
 *  8  4  CRC             36  4  flags: 4 born IPv6,  …  4  times consumed again, 8 offset of the transaction
 * 12  4  queue                 5 stored IPv6         …  4+ body, 1+ topic (2+ in version 2), 2+ properties
 * 16  4  flag            40  8  born time
 */
const magicOne = 0xdaa320a7;
const magicTwo = 0xdaa320ab;
const bornSix = 1 << 4;
const storedSix = 1 << 5;

/** Walks the messages of a body. */
export class StoredMessages {
  properties = '';
  count = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.count = 0;
  }

  /** False when there is no further message, or it is cut before its properties. */
  next(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    if (this.#end - start < 84) return false;
    const size = bytes.readUInt32BE(start);
    const magic = bytes.readUInt32BE(start + 4);
    if (size < 84 || (magic !== magicOne && magic !== magicTwo)) return false;
    const limit = Math.min(this.#end, start + size);
    const flags = bytes.readUInt32BE(start + 36);
    let at = start + 48 + ((flags & bornSix) !== 0 ? 20 : 8) + 8 + ((flags & storedSix) !== 0 ? 20 : 8) + 12;
    if (limit - at < 4) return false;
    at += 4 + bytes.readUInt32BE(at);
    if (limit - at < 2) return false;
    at += magic === magicOne ? 1 + bytes[at]! : 2 + bytes.readUInt16BE(at);
    if (limit - at < 2) return false;
    const length = bytes.readUInt16BE(at);
    if (limit - at - 2 < length) return false;
    this.properties = utf8(bytes, at + 2, at + 2 + length);
    this.count++;
    this.#at = start + size;
    return true;
  }
}
