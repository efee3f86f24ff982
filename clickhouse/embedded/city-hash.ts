/**
 * CityHash128 as its version 1.0.2 defined it, which ClickHouse keeps for its checksums (contrib/cityhash102). Later
 * versions give other values. In BigInt: about 30 MB/s, which is enough for the answers that carry checksums.
 */

const k0 = 0xc3a5c85c97cb3127n;
const k1 = 0xb492b66fbe98f273n;
const k2 = 0x9ae16a3b2f90404fn;
const k3 = 0xc949d7c7509e6557n;
const kMul = 0x9ddfea08eb382d69n;
const mask = 0xffff_ffff_ffff_ffffn;

type Pair = [low: bigint, high: bigint];

export function cityHash128(bytes: Buffer): Pair {
  const length = BigInt(bytes.length);
  if (bytes.length >= 16) return withSeed(bytes.subarray(16), word(bytes, 0) ^ k3, word(bytes, 8));
  if (bytes.length >= 8) {
    const seed = word(bytes, 0) ^ wrap(length * k0);
    return withSeed(bytes.subarray(bytes.length), seed, word(bytes, bytes.length - 8) ^ k1);
  }
  return withSeed(bytes, k0, k1);
}

function withSeed(bytes: Buffer, low: bigint, high: bigint): Pair {
  if (bytes.length < 128) return murmur(bytes, low, high);
  const length = bytes.length;
  let x = low;
  let y = high;
  let z = wrap(BigInt(length) * k1);
  const v0 = wrap(rotate(y ^ k1, 49n) * k1 + word(bytes, 0));
  let v: Pair = [v0, wrap(rotate(v0, 42n) * k1 + word(bytes, 8))];
  let w: Pair = [wrap(rotate(wrap(y + z), 35n) * k1 + x), wrap(rotate(wrap(x + word(bytes, 88)), 53n) * k1)];

  let at = 0;
  for (const end = length - (length % 128); at < end; at += 64) {
    x = wrap(rotate(wrap(x + y + v[0] + word(bytes, at + 16)), 37n) * k1) ^ w[1];
    y = wrap(rotate(wrap(y + v[1] + word(bytes, at + 48)), 42n) * k1) ^ v[0];
    z = rotate(z ^ w[0], 33n);
    v = weakHash(bytes, at, wrap(v[1] * k1), wrap(x + w[0]));
    w = weakHash(bytes, at + 32, wrap(z + w[1]), y);
    [z, x] = [x, z];
  }
  y = wrap(y + rotate(w[0], 37n) * k0 + z);
  x = wrap(x + rotate(wrap(v[0] + z), 49n) * k0);
  // What is left is hashed in pieces of 32 bytes from the end, the last one reaching back into what was hashed.
  for (let done = 0; done < length - at; ) {
    done += 32;
    y = wrap(rotate(wrap(y - x), 42n) * k0 + v[1]);
    w = [wrap(w[0] + word(bytes, length - done + 16)), w[1]];
    x = wrap(rotate(x, 49n) * k0 + w[0]);
    w = [wrap(w[0] + v[0]), w[1]];
    v = weakHash(bytes, length - done, v[0], v[1]);
  }
  x = mix(x, v[0]);
  y = mix(y, w[0]);
  return [wrap(mix(wrap(x + v[1]), w[1]) + y), mix(wrap(x + w[1]), wrap(y + v[1]))];
}

function murmur(bytes: Buffer, low: bigint, high: bigint): Pair {
  const length = bytes.length;
  let a = low;
  let b = high;
  let c: bigint;
  let d: bigint;
  if (length <= 16) {
    a = wrap(shiftMix(wrap(a * k1)) * k1);
    c = wrap(b * k1 + shortHash(bytes));
    d = shiftMix(wrap(a + (length >= 8 ? word(bytes, 0) : c)));
  } else {
    c = mix(wrap(word(bytes, length - 8) + k1), a);
    d = mix(wrap(b + BigInt(length)), wrap(c + word(bytes, length - 16)));
    a = wrap(a + d);
    for (let at = 0; at < length - 16; at += 16) {
      a = wrap((a ^ wrap(shiftMix(wrap(word(bytes, at) * k1)) * k1)) * k1);
      b ^= a;
      c = wrap((c ^ wrap(shiftMix(wrap(word(bytes, at + 8) * k1)) * k1)) * k1);
      d ^= c;
    }
  }
  a = mix(a, c);
  b = mix(d, b);
  return [a ^ b, mix(b, a)];
}

/** CityHash64 of at most 16 bytes. */
function shortHash(bytes: Buffer): bigint {
  const length = bytes.length;
  const n = BigInt(length);
  if (length > 8) {
    const b = word(bytes, length - 8);
    return mix(word(bytes, 0), rotate(wrap(b + n), n)) ^ b;
  }
  if (length >= 4) {
    return mix(n + (BigInt(bytes.readUInt32LE(0)) << 3n), BigInt(bytes.readUInt32LE(length - 4)));
  }
  if (length === 0) return k2;
  const y = BigInt(bytes[0] + bytes[length >> 1] * 256);
  const z = BigInt(length + bytes[length - 1] * 4);
  return wrap(shiftMix(wrap(y * k2) ^ wrap(z * k3)) * k2);
}

/** Hashes 32 bytes into two words. */
function weakHash(bytes: Buffer, at: number, a: bigint, b: bigint): Pair {
  const z = word(bytes, at + 24);
  a = wrap(a + word(bytes, at));
  b = rotate(wrap(b + a + z), 21n);
  const c = a;
  a = wrap(a + word(bytes, at + 8) + word(bytes, at + 16));
  b = wrap(b + rotate(a, 44n));
  return [wrap(a + z), wrap(b + c)];
}

/** Two words to one. */
function mix(u: bigint, v: bigint): bigint {
  const a = shiftMix(wrap((u ^ v) * kMul));
  const b = shiftMix(wrap((v ^ a) * kMul));
  return wrap(b * kMul);
}

function shiftMix(value: bigint): bigint {
  return value ^ (value >> 47n);
}

function rotate(value: bigint, shift: bigint): bigint {
  return (value >> shift) | ((value << (64n - shift)) & mask);
}

function wrap(value: bigint): bigint {
  return value & mask;
}

function word(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64LE(at);
}
