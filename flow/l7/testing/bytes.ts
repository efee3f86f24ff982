/** Makes bytes for tests of binary protocols, from numbers and texts in the order of the specification's tables. */

/** Byte numbers, texts (UTF-8) and buffers, one after the other. */
export function join(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return u8(part);
      return typeof part === 'string' ? Buffer.from(part) : part;
    }),
  );
}

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

/** Big-endian numbers; negative ones in two's complement. */
export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value);
}

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}

export function u64(value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
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

/** A text with its length before it, in 2 or 4 bytes. */
export function text16(value: string): Buffer {
  return join(u16(Buffer.byteLength(value)), value);
}

export function text32(value: string): Buffer {
  return framed(value);
}

/** Anything after its length in 4 bytes. */
export function framed(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  const body = join(...parts);
  return join(u32(body.length), body);
}

/** A protobuf field: a number as varint, bytes and texts with their length. */
export function field(number: number, value: number | bigint | Buffer | string): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return join(varint(number << 3), varint(value));
  const bytes = Buffer.from(value);
  return join(varint((number << 3) | 2), varint(bytes.length), bytes);
}
