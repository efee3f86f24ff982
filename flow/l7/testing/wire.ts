/** Makes bytes for tests of binary protocols, from numbers and texts in the order of the specification's tables. */

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return out;
}

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}

export function u64(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt.asUintN(64, value));
  return out;
}

/** LEB128, as protobuf, Thrift and Kryo write unsigned numbers. */
export function varint(value: number | bigint): Buffer {
  const out: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  do {
    const part = Number(left & 0x7fn);
    left >>= 7n;
    out.push(left === 0n ? part : part | 0x80);
  } while (left !== 0n);
  return Buffer.from(out);
}

/** Hex digits with spaces between them where it helps. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s+/g, ''), 'hex');
}

/** Buffers, and texts in UTF-8, one after the other. */
export function join(...parts: (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

/** A protobuf field: a number as varint, bytes and texts with their length. */
export function field(number: number, value: number | bigint | Buffer | string): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return join(varint(number << 3), varint(value));
  const bytes = Buffer.from(value);
  return join(varint((number << 3) | 2), varint(bytes.length), bytes);
}
