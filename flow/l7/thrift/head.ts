/**
 * Reads the head of a Thrift message (thrift doc/specs: thrift-binary-protocol, thrift-compact-protocol):
 *
 *   binary, strict   u16 8001, u8 0, u8 type, u32 length of name, name, i32 sequence
 *   binary, old      u32 length of name, name, u8 type, i32 sequence
 *   compact          u8 82, u3 type and u5 version 1, varint sequence, varint length of name, name
 *
 * Types: 1 call, 2 reply, 3 exception, 4 one-way call. A multiplexed name is `service:method`.
 */

export const messageTypes = { call: 1, reply: 2, exception: 3, oneWay: 4 } as const;

const longestName = 256;

/** `more`: the bytes end before the head does. */
export type HeadResult = 'ok' | 'more' | 'bad';

/** One object per parser, filled anew for each message. */
export class ThriftHead {
  compact = false;
  type = 0;
  sequence = 0;
  nameAt = 0;
  nameEnd = 0;
  /** Where the struct of arguments or results begins. */
  bodyAt = 0;

  read(bytes: Buffer, start: number, end: number): HeadResult {
    if (start >= end) return 'more';
    this.compact = bytes[start] === 0x82;
    if (this.compact) return this.#readCompact(bytes, start, end);
    return bytes[start] === 0x80 ? this.#readStrict(bytes, start, end) : this.#readOld(bytes, start, end);
  }

  #readStrict(bytes: Buffer, start: number, end: number): HeadResult {
    if (end - start < 8) return 'more';
    if (bytes.readUIntBE(start, 3) !== 0x800100) return 'bad';
    this.type = bytes[start + 3]!;
    return this.#readName(bytes, start + 8, bytes.readUInt32BE(start + 4), end, 4);
  }

  #readOld(bytes: Buffer, start: number, end: number): HeadResult {
    if (end - start < 4) return 'more';
    this.type = messageTypes.call;
    const found = this.#readName(bytes, start + 4, bytes.readUInt32BE(start), end, 5);
    if (found !== 'ok') return found;
    this.type = bytes[this.nameEnd]!;
    return isType(this.type) ? 'ok' : 'bad';
  }

  /** The sequence is the last of the `tail` bytes behind the name. */
  #readName(bytes: Buffer, at: number, length: number, end: number, tail: number): HeadResult {
    if (length === 0 || length > longestName || !isType(this.type)) return 'bad';
    this.nameAt = at;
    this.nameEnd = at + length;
    this.bodyAt = this.nameEnd + tail;
    if (!isName(bytes, at, Math.min(end, this.nameEnd))) return 'bad';
    if (this.bodyAt > end) return 'more';
    this.sequence = bytes.readInt32BE(this.bodyAt - 4);
    return 'ok';
  }

  #readCompact(bytes: Buffer, start: number, end: number): HeadResult {
    if (end - start < 2) return 'more';
    const second = bytes[start + 1]!;
    this.type = second >>> 5;
    if ((second & 0x1f) !== 1 || !isType(this.type)) return 'bad';
    let at = start + 2;
    let value = 0;
    for (let field = 0; field < 2; field++) {
      value = 0;
      for (let shift = 0; ; shift += 7) {
        if (at >= end) return 'more';
        if (shift > 28) return 'bad';
        const byte = bytes[at++]!;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      if (field === 0) this.sequence = value;
    }
    if (value <= 0 || value > longestName) return 'bad';
    this.nameAt = at;
    this.nameEnd = at + value;
    this.bodyAt = this.nameEnd;
    if (!isName(bytes, at, Math.min(end, this.nameEnd))) return 'bad';
    return this.nameEnd > end ? 'more' : 'ok';
  }
}

function isType(type: number): boolean {
  return type >= messageTypes.call && type <= messageTypes.oneWay;
}

/** Letters, digits, `_`, `.`, `-`, and `:` before the method of a multiplexed service. */
function isName(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    if (!letter && !(code >= 0x2d && code <= 0x3a && code !== 0x2f) && code !== 0x5f && code !== 0x24) return false;
  }
  return true;
}
