/** The Huffman code of HPACK strings (RFC 7541 §5.2, Appendix B), four bits at a time; decoding only: nothing this collector sends needs it. */

/** Length of each symbol's code in bits, 0 to 255 and the end mark. The code is canonical: codes of one length count up in order of the symbols. */
const lengths: readonly number[] = [
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
const endMark = 256;
const longest = 30;
const none = -1;
const wrong = -2;

/** By state (an inner node of the code's tree) and the next four bits: the state after them, and the symbol they complete. */
const next = new Uint8Array(256 * 16);
const symbols = new Int16Array(256 * 16);
/** States in which a text may end: at most 7 bits behind the last symbol, all ones. */
const mayEnd = new Uint8Array(256);
build();

/** Decodes into memory of its own, used again for each text. */
export class HuffmanDecoder {
  /** What was decoded last: `bytes[0, length)`, until the next call. */
  bytes: Buffer = Buffer.allocUnsafe(4096);
  length = 0;

  /** Decodes bytes[start, end); false when they are not valid. */
  decode(bytes: Uint8Array, start: number, end: number): boolean {
    // The shortest code has 5 bits.
    const most = Math.ceil(((end - start) * 8) / 5);
    if (this.bytes.length < most) this.bytes = Buffer.allocUnsafe(most * 2);
    const out = this.bytes;
    let state = 0;
    let length = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      let step = (state << 4) | (byte >> 4);
      let symbol = symbols[step]!;
      if (symbol >= 0) out[length++] = symbol;
      else if (symbol === wrong) return false;
      step = (next[step]! << 4) | (byte & 15);
      symbol = symbols[step]!;
      if (symbol >= 0) out[length++] = symbol;
      else if (symbol === wrong) return false;
      state = next[step]!;
    }
    this.length = length;
    return mayEnd[state] === 1;
  }
}

function build(): void {
  // The tree: children of node n at 2n and 2n + 1; a leaf is the symbol with its bits inverted.
  const children = new Int16Array(512);
  let nodes = 1;
  let code = 0;
  for (let length = 1; length <= longest; length++) {
    for (let symbol = 0; symbol <= endMark; symbol++) {
      if (lengths[symbol] !== length) continue;
      let node = 0;
      for (let bit = length - 1; bit > 0; bit--) {
        const branch = node * 2 + ((code >>> bit) & 1);
        if (children[branch] === 0) children[branch] = nodes++;
        node = children[branch]!;
      }
      children[node * 2 + (code & 1)] = ~symbol;
      code++;
    }
    code *= 2;
  }
  for (let state = 0; state < nodes; state++) {
    for (let bits = 0; bits < 16; bits++) {
      let node = state;
      let found = none;
      for (let bit = 3; bit >= 0 && found !== wrong; bit--) {
        const child = children[node * 2 + ((bits >> bit) & 1)]!;
        if (child >= 0) node = child;
        else {
          found = ~child === endMark ? wrong : ~child;
          node = 0;
        }
      }
      next[state * 16 + bits] = node;
      symbols[state * 16 + bits] = found;
    }
  }
  for (let node = 0, bits = 0; bits < 8; bits++) {
    mayEnd[node] = 1;
    node = children[node * 2 + 1]!;
  }
}
