/** Undoes Snappy's raw format as far as it is wanted (google/snappy, format_description.txt): literals and copies of what came before. */

/** The first bytes that come out, at most `max`; null when the data is broken before that. */
export function decodeSnappyHead(bytes: Buffer, start: number, end: number, max: number): Buffer | null {
  let at = start;
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) return null;
    const part = bytes[at++]!;
    size += (part & 0x7f) * 2 ** shift;
    if (part < 0x80) break;
  }
  const out = Buffer.allocUnsafe(Math.min(size, max));
  let length = 0;
  while (length < out.length && at < end) {
    const tag = bytes[at++]!;
    let count = (tag >> 2) + 1;
    if ((tag & 3) === 0) {
      if (count > 60) {
        const extra = count - 60;
        if (at + extra > end) return null;
        count = bytes.readUIntLE(at, extra) + 1;
        at += extra;
      }
      const copied = Math.min(count, out.length - length, end - at);
      bytes.copy(out, length, at, at + copied);
      length += copied;
      at += count;
      continue;
    }
    let offset: number;
    if ((tag & 3) === 1) {
      if (at >= end) return null;
      count = ((tag >> 2) & 7) + 4;
      offset = ((tag >> 5) << 8) | bytes[at]!;
      at += 1;
    } else {
      const width = (tag & 3) === 2 ? 2 : 4;
      if (at + width > end) return null;
      offset = bytes.readUIntLE(at, width);
      at += width;
    }
    if (offset === 0 || offset > length) return null;
    // Byte by byte: a copy may run into what it writes.
    for (; count > 0 && length < out.length; count--, length++) out[length] = out[length - offset]!;
  }
  return out.subarray(0, length);
}
