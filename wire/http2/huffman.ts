/** The Huffman code of HPACK strings (RFC 7541 Appendix B), decoding only: nothing this collector sends needs it. */

/** Bits of the code of each byte, and last of EOS. The code is canonical, so that its lengths say all. */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const eos = 256;
const maxBits = 30;

/** Canonical decoding: symbols in code order, and for each length the first code and where its symbols begin. */
const symbols: number[] = [];
const firstCode: number[] = [];
const firstSymbol: number[] = [];
const counts: number[] = [];
{
  let code = 0;
  for (let bits = 0; bits <= maxBits; bits++) {
    code *= 2;
    firstCode.push(code);
    firstSymbol.push(symbols.length);
    for (let symbol = 0; symbol <= eos; symbol++) if (codeLengths[symbol] === bits && bits > 0) symbols.push(symbol);
    counts.push(symbols.length - firstSymbol[bits]!);
    code += counts[bits]!;
  }
}

/** The bytes that were encoded; undefined when the encoding is not valid. */
export function decodeHuffman(encoded: Uint8Array): Buffer | undefined {
  // The shortest code has five bits.
  const out = Buffer.allocUnsafe(Math.floor((encoded.length * 8) / 5));
  let length = 0;
  let code = 0;
  let bits = 0;
  for (const byte of encoded) {
    for (let shift = 7; shift >= 0; shift--) {
      code = code * 2 + ((byte >> shift) & 1);
      if (++bits > maxBits) return undefined;
      const offset = code - firstCode[bits]!;
      if (offset >= counts[bits]!) continue;
      const symbol = symbols[firstSymbol[bits]! + offset]!;
      if (symbol === eos) return undefined;
      out[length++] = symbol;
      code = 0;
      bits = 0;
    }
  }
  // What is left must be padding: fewer than eight bits, the beginning of EOS, which is all ones.
  return bits < 8 && code === 2 ** bits - 1 ? out.subarray(0, length) : undefined;
}
