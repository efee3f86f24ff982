/**
 * Resource records (RFC 1035 §4.1.3) as text.
 *
 *   name  type:2  class:2  ttl:4  length:2  data
 */
import { utf8 } from '../text.ts';
import { nameEnd, readName, skipName } from './names.ts';
import { typeName } from './numbers.ts';

export interface DnsRecord {
  readonly type: string;
  /** As zone files have it; of SOA the primary server only; left out when the type is not decoded. */
  readonly data?: string;
  readonly ttl: number;
}

/** Records of one message that are noted, and characters of one. */
const maxRecords = 64;
const longestText = 1024;

const u16 = (bytes: Buffer, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const u32 = (bytes: Buffer, at: number): number => u16(bytes, at) * 0x10000 + u16(bytes, at + 2);

/** What {@link readRecords} found beside the records. */
export const found = {
  /** Position after the last record. */
  end: 0,
  /** Upper bits of the response code (RFC 6891 §6.1.3). */
  extendedCode: 0,
  /** Type of the first and last record. */
  firstType: 0,
  lastType: 0,
};

/** Reads `count` records into `out`; null: only looks for EDNS. False when the message is cut off. */
export function readRecords(
  bytes: Buffer,
  at: number,
  message: number,
  end: number,
  count: number,
  out: DnsRecord[] | null,
): boolean {
  found.firstType = 0;
  for (let index = 0; index < count; index++) {
    const head = skipName(bytes, at, end);
    if (head < 0 || head + 10 > end) return false;
    const type = u16(bytes, head);
    const ttl = u32(bytes, head + 4);
    const data = head + 10;
    const next = data + u16(bytes, head + 8);
    if (next > end) return false;
    if (index === 0) found.firstType = type;
    found.lastType = type;
    if (type === 41) found.extendedCode = Math.floor(ttl / 0x1000000) << 4;
    else if (out !== null && out.length < maxRecords) {
      const text = readData(bytes, type, data, next, message);
      out.push(text === null ? { type: typeName(type), ttl } : { type: typeName(type), data: text, ttl });
    }
    at = next;
  }
  found.end = at;
  return true;
}

/** The data of a record as text; null when the type has no text here, or the data is broken. */
function readData(bytes: Buffer, type: number, at: number, end: number, message: number): string | null {
  const size = end - at;
  switch (type) {
    case 1:
      return size === 4 ? ipv4(bytes, at) : null;
    case 28:
      return size === 16 ? ipv6(bytes, at) : null;
    case 2: // NS
    case 5: // CNAME
    case 6: // SOA
    case 12: // PTR
    case 39: // DNAME
      return readName(bytes, at, message, end);
    case 15: // MX
    case 36: // KX
    case 18: // AFSDB
      return size < 3 ? null : withName(String(u16(bytes, at)), bytes, at + 2, message, end);
    case 33: // SRV
      return size < 7
        ? null
        : withName(`${u16(bytes, at)} ${u16(bytes, at + 2)} ${u16(bytes, at + 4)}`, bytes, at + 6, message, end);
    case 16: // TXT
    case 99: // SPF
      return texts(bytes, at, end);
    case 257: // CAA
      return size < 2 || at + 2 + bytes[at + 1]! > end
        ? null
        : `${bytes[at]} ${utf8(bytes, at + 2, at + 2 + bytes[at + 1]!)} "${utf8(bytes, at + 2 + bytes[at + 1]!, end, longestText)}"`;
    case 43: // DS
    case 59: // CDS
      return size < 4 ? null : `${u16(bytes, at)} ${bytes[at + 2]} ${bytes[at + 3]} ${hex(bytes, at + 4, end)}`;
    case 44: // SSHFP
      return size < 2 ? null : `${bytes[at]} ${bytes[at + 1]} ${hex(bytes, at + 2, end)}`;
    case 52: // TLSA
      return size < 3 ? null : `${bytes[at]} ${bytes[at + 1]} ${bytes[at + 2]} ${hex(bytes, at + 3, end)}`;
    case 64: // SVCB
    case 65: // HTTPS
      return service(bytes, at, end, message);
    default:
      return null;
  }
}

function withName(before: string, bytes: Buffer, at: number, message: number, end: number): string | null {
  const name = readName(bytes, at, message, end);
  return name === null ? null : `${before} ${name}`;
}

function texts(bytes: Buffer, start: number, end: number): string | null {
  let out = '';
  let at = start;
  while (at < end && out.length < longestText) {
    const next = at + 1 + bytes[at]!;
    if (next > end) return null;
    out += `${out === '' ? '' : ' '}"${utf8(bytes, at + 1, next)}"`;
    at = next;
  }
  return out;
}

/** Keys of SVCB parameters (RFC 9460 §14.3.2). */
const serviceKeys: readonly string[] = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
];

function service(bytes: Buffer, start: number, end: number, message: number): string | null {
  if (end - start < 3) return null;
  let out = withName(String(u16(bytes, start)), bytes, start + 2, message, end);
  let at = nameEnd;
  while (out !== null && at + 4 <= end && out.length < longestText) {
    const key = u16(bytes, at);
    const value = at + 4;
    at = value + u16(bytes, at + 2);
    if (at > end) return null;
    const name = serviceKeys[key] ?? `key${key}`;
    const text = serviceValue(bytes, key, value, at);
    out += text === '' ? ` ${name}` : ` ${name}=${text}`;
  }
  return out;
}

function serviceValue(bytes: Buffer, key: number, start: number, end: number): string {
  const parts: string[] = [];
  switch (key) {
    case 1:
      for (let at = start; at < end && at + 1 + bytes[at]! <= end; at += 1 + bytes[at]!)
        parts.push(utf8(bytes, at + 1, at + 1 + bytes[at]!));
      return parts.join(',');
    case 3:
      return end - start === 2 ? String(u16(bytes, start)) : '';
    case 4:
      for (let at = start; at + 4 <= end; at += 4) parts.push(ipv4(bytes, at));
      return parts.join(',');
    case 6:
      for (let at = start; at + 16 <= end; at += 16) parts.push(ipv6(bytes, at));
      return parts.join(',');
    default:
      return hex(bytes, start, end);
  }
}

function hex(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('hex', start, Math.min(end, start + 64));
}

function ipv4(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952: lower case, the longest run of zero groups, the first of equals, is `::`. */
function ipv6(bytes: Buffer, at: number): string {
  let best = -1;
  let bestLength = 1;
  for (let group = 0; group < 8; ) {
    let length = 0;
    while (group + length < 8 && u16(bytes, at + 2 * (group + length)) === 0) length++;
    if (length > bestLength) {
      best = group;
      bestLength = length;
    }
    group += length + 1;
  }
  let out = '';
  for (let group = 0; group < 8; group++) {
    if (group === best) {
      out += '::';
      group += bestLength - 1;
    } else out += `${out === '' || out.endsWith(':') ? '' : ':'}${u16(bytes, at + 2 * group).toString(16)}`;
  }
  return out;
}
