/** Bytes by hand for parser tests. */

/** Joins byte numbers, texts (UTF-8) and buffers. */
export function bytes(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.of(part & 0xff);
      return typeof part === 'string' ? Buffer.from(part) : part;
    }),
  );
}

/** Big-endian numbers. */
export function i16(value: number): Buffer {
  return Buffer.of((value >> 8) & 0xff, value & 0xff);
}

export function i32(value: number): Buffer {
  return Buffer.of((value >> 24) & 0xff, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff);
}

export function i64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(BigInt(value));
  return out;
}

/** A text with its length before it, in 2 or 4 bytes. */
export function text16(value: string): Buffer {
  return bytes(i16(Buffer.byteLength(value)), value);
}

export function text32(value: string): Buffer {
  return bytes(i32(Buffer.byteLength(value)), value);
}

/** The same after its length in 4 bytes. */
export function framed(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  const body = bytes(...parts);
  return bytes(i32(body.length), body);
}
