/** Ids of 64 bits, which not every JavaScript number holds. */

/** A signed 64-bit whole number, given as two words: a number while that is exact, else its decimal digits. */
export function signed64(high: number, low: number): number | string {
  const signed = high | 0;
  if (signed >= -0x200000 && signed < 0x200000) return signed * 0x100000000 + (low >>> 0);
  return ((BigInt(signed) << 32n) | BigInt(low >>> 0)).toString();
}

/** 16 hex digits. */
export function hex64(high: number, low: number): string {
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');
}
