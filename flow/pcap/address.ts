/** Texts of IP addresses as the four words that decoded packets have. */
import { isIP } from 'node:net';

export type AddressWords = readonly [number, number, number, number];

/** IPv4 is `0, 0, 0xffff, address`. Undefined when the text is no address. */
export function addressWords(text: string): AddressWords | undefined {
  switch (isIP(text)) {
    case 4:
      return [0, 0, 0xffff, ipv4Word(text)];
    case 6:
      return ipv6Words(text.split('%')[0]!);
    default:
      return undefined;
  }
}

function ipv4Word(text: string): number {
  return text.split('.').reduce((word, part) => ((word << 8) | Number(part)) >>> 0, 0);
}

/** The text was checked: at most one `::`, at most eight groups, IPv4 at the end at most. */
function ipv6Words(text: string): AddressWords {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(text);
  if (dotted) {
    const word = ipv4Word(dotted[0]);
    text = `${text.slice(0, dotted.index)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
  }
  const [left = '', right] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  const word = (at: number) => ((all[at]! << 16) | all[at + 1]!) >>> 0;
  return [word(0), word(2), word(4), word(6)];
}
