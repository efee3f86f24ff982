/** 64-bit numbers as two unsigned 32-bit words, from hex and decimal digits, without BigInt. */

/** 8 hex digits of `text` from `at`; the caller knows that they are. */
export function hexWord(text: string, at: number): number {
  return parseInt(text.slice(at, at + 8), 16) >>> 0;
}

/** Upper and lower word of a decimal number below 2^64; the upper bits of a larger one are lost. */
export function decimalWords(text: string): [upper: number, lower: number] {
  let upper = 0;
  let lower = 0;
  for (let at = 0; at < text.length; at++) {
    lower = lower * 10 + (text.charCodeAt(at) - 0x30);
    upper = (upper * 10 + Math.floor(lower / 0x1_0000_0000)) >>> 0;
    lower >>>= 0;
  }
  return [upper, lower];
}

/** 16 hex digits. */
export function wordsHex(upper: number, lower: number): string {
  return upper.toString(16).padStart(8, '0') + lower.toString(16).padStart(8, '0');
}

/** Four words that follow from a text: FNV-1a over its UTF-16 units with four starts, each mixed at the end. */
export function hashWords(text: string, words: number): number[] {
  const out: number[] = [];
  for (let word = 0; word < words; word++) {
    let hash = 0x811c9dc5 ^ Math.imul(word + 1, 0x9e3779b1);
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    out.push((hash ^ (hash >>> 16)) >>> 0);
  }
  // Ids of only zeros are not valid.
  if (!out.some((word) => word !== 0)) out[words - 1] = 1;
  return out;
}
