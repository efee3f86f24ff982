/** Maps of primitive values: properties of messages and of the wire format (ActiveMQ's MarshallingSupport). */
import { word } from '../text.ts';

const maxEntries = 256;

/** Bytes of a value by its type: null, boolean, byte, char, short, int, long, double, float. */
const sizes: readonly number[] = [0, 1, 1, 2, 2, 4, 8, 8, 4];
const types = { boolean: 1, string: 9, bytes: 10, map: 11, list: 12, bigString: 13 } as const;

/** Walks the entries of one map; ends at the first map or list inside it, whose size nobody wrote down. */
export class PropertyCursor {
  nameStart = 0;
  nameEnd = 0;
  /** A text's place; `valueEnd` is -1 when the value is none. */
  valueStart = 0;
  valueEnd = -1;
  /** A boolean's value. */
  flag = false;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #left = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start + 4;
    this.#end = end;
    this.#left = end - start < 4 ? 0 : Math.min(maxEntries, bytes.readInt32BE(start));
  }

  next(): boolean {
    if (this.#left-- <= 0) return false;
    const bytes = this.#bytes;
    const end = this.#end;
    if (end - this.#at < 3) return false;
    this.nameStart = this.#at + 2;
    this.nameEnd = this.nameStart + bytes.readUInt16BE(this.#at);
    if (this.nameEnd >= end) return false;
    const type = bytes[this.nameEnd]!;
    let at = this.nameEnd + 1;
    this.valueEnd = -1;
    this.flag = false;
    const size = sizes[type];
    if (size !== undefined) {
      if (end - at < size) return false;
      this.flag = type === types.boolean && bytes[at] === 1;
      this.#at = at + size;
      return true;
    }
    let length = -1;
    if (type === types.string && end - at >= 2) {
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if ((type === types.bigString || type === types.bytes) && end - at >= 4) {
      length = bytes.readUInt32BE(at);
      at += 4;
    }
    if (length < 0 || length > end - at) return false;
    if (type !== types.bytes) {
      this.valueStart = at;
      this.valueEnd = at + length;
    }
    this.#at = at + length;
    return true;
  }

  get name(): string {
    return word(this.#bytes, this.nameStart, this.nameEnd);
  }
}
