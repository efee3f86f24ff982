/** Text of addresses that packets hold as words and bytes. */

/** IPv4 and IPv6 (RFC 5952) from the four words of a row or packet. */
export function addressText(w0: number, w1: number, w2: number, w3: number): string {
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return ipv4Text(w3);
  const groups: number[] = [];
  for (const word of [w0, w1, w2, w3]) groups.push((word >>> 16) & 0xffff, word & 0xffff);
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.map(hex).join(':');
  const head = groups.slice(0, zeros.start).map(hex).join(':');
  const tail = groups
    .slice(zeros.start + zeros.length)
    .map(hex)
    .join(':');
  return `${head}::${tail}`;
}

export function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** `02:42:ac:11:00:02` from six bytes. */
export function macText(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let index = 0; index < 6; index++) {
    if (index > 0) text += ':';
    text += bytes[at + index]!.toString(16).padStart(2, '0');
  }
  return text;
}

/** The source (`offset` 0) or destination (1) address of an IP header in a packet's bytes; '' when it was cut or is none. */
export function headerAddressText(bytes: Uint8Array, ipStart: number, which: 0 | 1): string {
  if (ipStart < 0 || ipStart >= bytes.length) return '';
  const ipv6 = bytes[ipStart]! >> 4 === 6;
  const at = ipv6 ? ipStart + 8 + 16 * which : ipStart + 12 + 4 * which;
  if (at + (ipv6 ? 16 : 4) > bytes.length) return '';
  const word = (offset: number) =>
    (bytes[at + offset]! << 24) |
    (bytes[at + offset + 1]! << 16) |
    (bytes[at + offset + 2]! << 8) |
    bytes[at + offset + 3]!;
  return ipv6 ? addressText(word(0), word(4), word(8), word(12)) : ipv4Text(word(0));
}

/** The longest run of zero groups, the first of equals. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

function hex(group: number): string {
  return group.toString(16);
}
