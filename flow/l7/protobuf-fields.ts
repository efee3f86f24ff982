/** Walks the fields of a protobuf message on the wire, without a schema and without making objects (protobuf.dev, "Encoding"). */
import { utf8, word } from './text.ts';

/** Wire types. Groups (3, 4) are deprecated and end the walk. */
export const wireTypes = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const;

/**
 * A cursor over the fields of one message. Nothing it does throws or reads beyond the end.
 *
 * ```ts
 * const fields = new ProtobufFields();
 * fields.begin(bytes, start, end);
 * while (fields.next()) if (fields.number === 3) name = fields.text();
 * if (fields.bad) return lost;
 * ```
 */
export class ProtobufFields {
  bytes: Buffer = Buffer.alloc(0);
  /** Number and wire type of the current field. */
  number = 0;
  wireType = 0;
  /** Value of a varint or fixed field as unsigned; beyond 2^53 it loses its last bits. Length of a length-delimited field. */
  value = 0;
  /** The low and high half of the same value, for ids that need all bits. */
  low = 0;
  high = 0;
  /** Where a length-delimited value is. Its end may lie beyond the end of the walk when `cut` is set. */
  start = 0;
  end = 0;
  /** The bytes are no protobuf message. */
  bad = false;
  /** The last field does not fit between start and end: it was the last of a message that was cut. */
  cut = false;
  #at = 0;
  #end = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.bad = false;
    this.cut = false;
  }

  /** Goes on to the next field; false at the end, or when the rest is bad or cut. A length-delimited field that is cut is still given. */
  next(): boolean {
    if (this.bad || this.cut || this.#at >= this.#end || !this.#varint()) return false;
    this.number = this.value >>> 3;
    this.wireType = this.value & 7;
    if (this.number === 0 || this.value > 0xffff_ffff) return this.#fail();
    switch (this.wireType) {
      case wireTypes.varint:
        return this.#varint();
      case wireTypes.fixed64:
        return this.#fixed(8);
      case wireTypes.fixed32:
        return this.#fixed(4);
      case wireTypes.length:
        if (!this.#varint()) return false;
        if (this.value > 0x7fff_ffff) return this.#fail();
        this.start = this.#at;
        this.end = this.#at + this.value;
        if (this.end > this.#end) {
          this.cut = true;
          this.end = this.#end;
        }
        this.#at = this.end;
        return true;
      default:
        return this.#fail();
    }
  }

  /** A length-delimited value as UTF-8, at most `max` bytes of it. */
  text(max = 4096): string {
    return this.wireType === wireTypes.length ? utf8(this.bytes, this.start, this.end, max) : '';
  }

  /** A length-delimited value that few different ones are expected of. */
  word(): string {
    return this.wireType === wireTypes.length ? word(this.bytes, this.start, this.end) : '';
  }

  /** The varint as the signed 32-bit number of an int32 or enum field. */
  int32(): number {
    return this.low | 0;
  }

  #fail(): false {
    this.bad = true;
    return false;
  }

  #varint(): boolean {
    const { bytes } = this;
    const end = this.#end;
    let at = this.#at;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (at >= end) {
        this.cut = true;
        return false;
      }
      const byte = bytes[at++]!;
      const part = byte & 0x7f;
      if (index < 4) low |= part << (7 * index);
      else if (index === 4) {
        low |= part << 28;
        high = part >>> 4;
      } else high |= part << (7 * index - 32);
      if (byte < 0x80) {
        this.#at = at;
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.value = this.high * 0x1_0000_0000 + this.low;
        return true;
      }
    }
    return this.#fail();
  }

  #fixed(size: 4 | 8): boolean {
    if (this.#end - this.#at < size) {
      this.cut = true;
      return false;
    }
    this.low = this.bytes.readUInt32LE(this.#at);
    this.high = size === 8 ? this.bytes.readUInt32LE(this.#at + 4) : 0;
    this.value = this.high * 0x1_0000_0000 + this.low;
    this.#at += size;
    return true;
  }
}
