/** The PROXY protocol (haproxy.org, proxy-protocol.txt), versions 1 and 2: a proxy says first thing on a connection who its client is. */
import { read16, read32 } from './bytes.ts';

/** What a header says, filled anew by `readProxyHeader`. Addresses are words as in `Packet`. */
export class ProxyHeader {
  version = 0;
  /** False for connections of the proxy itself (LOCAL, health checks) and of families without addresses (UNKNOWN, unix sockets). */
  hasAddresses = false;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  sourcePort = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  destinationPort = 0;
}

/** The stream does not begin with such a header. */
export const noProxyHeader = -1;
/** It may: more bytes are needed to tell. */
export const moreProxyHeader = 0;

/** `PROXY `, and the signature of version 2. */
const textSignature = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
const binarySignature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Longest line of version 1 with its line end (§2.1). */
const maxLine = 107;

/**
 * Reads the header that a stream begins with in `bytes[start, end)`. Returns its length, `moreProxyHeader` or `noProxyHeader`. The length
 * counts the extensions (TLVs) of version 2 too: they are not looked at, and may not have come yet.
 */
export function readProxyHeader(bytes: Uint8Array, start: number, end: number, header: ProxyHeader): number {
  if (end <= start) return moreProxyHeader;
  header.hasAddresses = false;
  if (bytes[start] === textSignature[0]) return readLine(bytes, start, end, header);
  if (bytes[start] === binarySignature[0]) return readBinary(bytes, start, end, header);
  return noProxyHeader;
}

/** `PROXY TCP4 SOURCE DESTINATION SOURCE-PORT DESTINATION-PORT\r\n`, or `PROXY UNKNOWN` and anything. */
function readLine(bytes: Uint8Array, start: number, end: number, header: ProxyHeader): number {
  if (!beginsWith(bytes, start, end, textSignature)) return noProxyHeader;
  const limit = Math.min(end, start + maxLine);
  let at = start;
  while (at < limit && bytes[at] !== 0x0d) at++;
  if (at + 1 >= limit) return limit === start + maxLine ? noProxyHeader : moreProxyHeader;
  if (bytes[at + 1] !== 0x0a) return noProxyHeader;
  let line = '';
  for (let place = start; place < at; place++) line += String.fromCharCode(bytes[place]!);
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = '', rest] = line.split(' ');
  header.version = 1;
  const length = at + 2 - start;
  if (family === 'UNKNOWN') return length;
  const read = family === 'TCP4' ? readIpv4Text : family === 'TCP6' ? readIpv6Text : undefined;
  const from = read?.(source);
  const to = read?.(destination);
  if (from === undefined || to === undefined || rest !== undefined) return noProxyHeader;
  if (!isPort(sourcePort) || !isPort(destinationPort)) return noProxyHeader;
  setSource(header, from[0]!, from[1]!, from[2]!, from[3]!, Number(sourcePort));
  setDestination(header, to[0]!, to[1]!, to[2]!, to[3]!, Number(destinationPort));
  return length;
}

/**
 * | bytes | |
 * |---|---|
 * | 0–11 | signature |
 * | 12 | version 2 in 4 bits, command: 0 LOCAL, 1 PROXY |
 * | 13 | family in 4 bits: 1 IPv4, 2 IPv6, 3 unix; transport: 1 stream, 2 datagram |
 * | 14–15 | length of the rest |
 * | 16– | source, destination, source port, destination port, then extensions |
 */
function readBinary(bytes: Uint8Array, start: number, end: number, header: ProxyHeader): number {
  if (!beginsWith(bytes, start, end, binarySignature)) return noProxyHeader;
  if (end - start < 16) return moreProxyHeader;
  const command = bytes[start + 12]!;
  if (command !== 0x20 && command !== 0x21) return noProxyHeader;
  const family = bytes[start + 13]! >> 4;
  const rest = read16(bytes, start + 14);
  const addressLength = family === 1 ? 4 : family === 2 ? 16 : 0;
  header.version = 2;
  if (command === 0x20 || addressLength === 0) return 16 + rest;
  if (rest < 2 * addressLength + 4) return noProxyHeader;
  if (end - start < 20 + 2 * addressLength) return moreProxyHeader;
  const from = start + 16;
  const to = from + addressLength;
  const ports = to + addressLength;
  if (family === 1) {
    setSource(header, 0, 0, 0xffff, read32(bytes, from), read16(bytes, ports));
    setDestination(header, 0, 0, 0xffff, read32(bytes, to), read16(bytes, ports + 2));
  } else {
    const word = (at: number, index: number) => read32(bytes, at + 4 * index);
    setSource(header, word(from, 0), word(from, 1), word(from, 2), word(from, 3), read16(bytes, ports));
    setDestination(header, word(to, 0), word(to, 1), word(to, 2), word(to, 3), read16(bytes, ports + 2));
  }
  return 16 + rest;
}

/** True also when the bytes end before the signature does. */
function beginsWith(bytes: Uint8Array, start: number, end: number, signature: readonly number[]): boolean {
  const length = Math.min(end - start, signature.length);
  for (let index = 0; index < length; index++) if (bytes[start + index] !== signature[index]) return false;
  return true;
}

function setSource(header: ProxyHeader, w0: number, w1: number, w2: number, w3: number, port: number): void {
  header.hasAddresses = true;
  header.source0 = w0;
  header.source1 = w1;
  header.source2 = w2;
  header.source3 = w3;
  header.sourcePort = port;
}

function setDestination(header: ProxyHeader, w0: number, w1: number, w2: number, w3: number, port: number): void {
  header.destination0 = w0;
  header.destination1 = w1;
  header.destination2 = w2;
  header.destination3 = w3;
  header.destinationPort = port;
}

/** Decimal without leading zeros, up to 65535. */
function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

/** The four words of an address; undefined when the text is none. */
function readIpv4Text(text: string): number[] | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return [0, 0, 0xffff, (parts[0]! << 24) | (parts[1]! << 16) | (parts[2]! << 8) | parts[3]!];
}

/** RFC 4291 §2.2, without the mixed form of an IPv4 end but for what `::ffff:` begins. */
function readIpv6Text(text: string): number[] | undefined {
  const mapped = /^::ffff:([\d.]+)$/i.exec(text);
  if (mapped !== null) return readIpv4Text(mapped[1]!);
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...new Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  const values = groups.map((group) => Number.parseInt(group, 16));
  return [0, 2, 4, 6].map((index) => (values[index]! << 16) | values[index + 1]!);
}
