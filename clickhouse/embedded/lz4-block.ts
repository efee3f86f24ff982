/**
 * Decodes LZ4 blocks (lz4_Block_format.md): sequences of
 *
 * | part | size |
 * |---|---|
 * | token: literal length (high 4 bits), match length − 4 (low 4 bits) | 1 |
 * | further literal length, when the nibble is 15: bytes added up, to the first below 255 | 0… |
 * | literals | |
 * | offset back into the output, little-endian; absent after the last literals | 2 |
 * | further match length, as above | 0… |
 */

const minMatch = 4;

/**
 * Decodes one block into `output` from `outputStart` on and returns where it ended. Matches may reach back before
 * `outputStart`, as linked blocks do. Throws a RangeError for bytes that are not a block or do not fit.
 */
export function decodeLz4Block(input: Uint8Array, output: Uint8Array, outputStart = 0): number {
  let at = 0;
  let to = outputStart;
  while (at < input.length) {
    const token = input[at++];
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        more = input[at++];
        literals += more;
      } while (more === 255);
    }
    if (at + literals > input.length || to + literals > output.length)
      throw new RangeError('LZ4: literals exceed the block');
    if (literals > 32) {
      output.set(input.subarray(at, at + literals), to);
      at += literals;
      to += literals;
    } else {
      for (const end = at + literals; at < end; ) output[to++] = input[at++];
    }
    if (at === input.length) return to;

    const offset = input[at] | (input[at + 1] << 8);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let more: number;
      do {
        more = input[at++];
        length += more;
      } while (more === 255);
    }
    length += minMatch;
    let from = to - offset;
    if (!(offset > 0 && from >= 0 && to + length <= output.length))
      throw new RangeError('LZ4: a match exceeds the block');
    if (offset >= length && length > 32) {
      output.copyWithin(to, from, from + length);
      to += length;
    } else {
      // Overlapping matches repeat what they just wrote, so byte by byte.
      for (const end = to + length; to < end; ) output[to++] = output[from++];
    }
  }
  return to;
}
