/**
 * The two hellos of a TLS handshake (RFC 8446 §4.1.2, §4.1.3; RFC 5246 §7.4.1). What is cut off is not known, and no error.
 *
 * | field            | ClientHello          | ServerHello |
 * |------------------|----------------------|-------------|
 * | legacy version   | 2                    | 2           |
 * | random           | 32                   | 32          |
 * | session id       | 1 + up to 32         | 1 + up to 32|
 * | cipher suites    | 2 + 2 each           | 2           |
 * | compression      | 1 + 1 each           | 1           |
 * | extensions       | 2 + (type 2, length 2, body) each | the same |
 */
import { interned } from '../text.ts';
import { extensions, isGrease, tls12, versionText } from './numbers.ts';

/** What a client offers. Lists are without GREASE, in the client's order. */
export interface ClientHello {
  /** The highest version that is offered. */
  version: number;
  versions: number[];
  ciphers: number[];
  protocols: string[];
  /** Empty without SNI. */
  serverName: string;
  earlyData: boolean;
}

/** What a server chose. */
export interface ServerHello {
  version: number;
  cipher: number;
  /** Negotiated in the clear up to TLS 1.2 only. */
  protocol: string;
  /** -1: not told here. */
  group: number;
  preSharedKey: boolean;
  /** A HelloRetryRequest: the client has to say hello once more. */
  retry: boolean;
}

const randomBytes = 32;
/** Version and random: less is no hello. */
const headBytes = 2 + randomBytes;
/** More are not kept of a list. */
const maxListed = 128;

export function readClientHello(bytes: Buffer, start: number, end: number): ClientHello | null {
  if (end - start < headBytes) return null;
  const version = u16(bytes, start);
  const hello: ClientHello = { version, versions: [], ciphers: [], protocols: [], serverName: '', earlyData: false };
  let at = skip8(bytes, start + headBytes, end);
  if (at + 2 > end) return hello;
  const ciphersEnd = at + 2 + u16(bytes, at);
  readNumbers(hello.ciphers, bytes, at + 2, Math.min(ciphersEnd, end));
  at = skip8(bytes, ciphersEnd, end);
  eachExtension(bytes, at, end, (type, from, to) => clientExtension(hello, type, bytes, from, to));
  // The version of the field stops at 1.2; newer ones are in the extension, which then says all.
  const offered = hello.versions.filter((one) => versionText(one) !== '');
  if (offered.length > 0) hello.version = offered.reduce((best, one) => (rank(one) > rank(best) ? one : best));
  return hello;
}

/** SHA-256 of "HelloRetryRequest", sent in place of a random (RFC 8446 §4.1.3). */
const retryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

export function readServerHello(bytes: Buffer, start: number, end: number): ServerHello | null {
  if (end - start < headBytes) return null;
  const hello: ServerHello = {
    version: u16(bytes, start),
    cipher: -1,
    protocol: '',
    group: -1,
    preSharedKey: false,
    retry: bytes.compare(retryRandom, 0, randomBytes, start + 2, start + headBytes) === 0,
  };
  const at = skip8(bytes, start + headBytes, end);
  if (at + 2 > end) return hello;
  hello.cipher = u16(bytes, at);
  eachExtension(bytes, at + 3, end, (type, from, to) => serverExtension(hello, type, bytes, from, to));
  return hello;
}

function clientExtension(hello: ClientHello, type: number, bytes: Buffer, at: number, end: number): void {
  switch (type) {
    case extensions.serverName:
      hello.serverName ||= readServerName(bytes, at + 2, end);
      break;
    case extensions.alpn:
      readProtocols(hello.protocols, bytes, at + 2, end);
      break;
    case extensions.supportedVersions:
      readNumbers(hello.versions, bytes, at + 1, end);
      break;
    case extensions.earlyData:
      hello.earlyData = true;
      break;
  }
}

function serverExtension(hello: ServerHello, type: number, bytes: Buffer, at: number, end: number): void {
  switch (type) {
    case extensions.alpn: {
      const chosen: string[] = [];
      readProtocols(chosen, bytes, at + 2, end);
      hello.protocol = chosen[0] ?? '';
      break;
    }
    case extensions.supportedVersions:
      if (end - at >= 2 && versionText(u16(bytes, at)) !== '') hello.version = u16(bytes, at);
      break;
    case extensions.keyShare:
      if (end - at >= 2) hello.group = u16(bytes, at);
      break;
    case extensions.preSharedKey:
      hello.preSharedKey = true;
      break;
  }
}

/** RFC 6066 §3: entries of type (0 is a host name), length, name. */
function readServerName(bytes: Buffer, at: number, end: number): string {
  while (at + 3 <= end) {
    const next = at + 3 + u16(bytes, at + 1);
    if (next > end) return '';
    if (bytes[at] === 0) return printable(bytes, at + 3, next);
    at = next;
  }
  return '';
}

/** RFC 7301 §3.1: names with a length of one byte. */
function readProtocols(list: string[], bytes: Buffer, at: number, end: number): void {
  while (at < end && list.length < maxListed) {
    const next = at + 1 + bytes[at]!;
    if (next > end) return;
    const grease = next - at === 3 && isGrease(u16(bytes, at + 1));
    const name = grease ? '' : printable(bytes, at + 1, next);
    if (name !== '') list.push(name);
    at = next;
  }
}

function readNumbers(list: number[], bytes: Buffer, at: number, end: number): void {
  for (; at + 2 <= end && list.length < maxListed; at += 2) {
    const value = u16(bytes, at);
    if (!isGrease(value)) list.push(value);
  }
}

type ExtensionReader = (type: number, start: number, end: number) => void;

function eachExtension(bytes: Buffer, at: number, end: number, read: ExtensionReader): void {
  if (at + 2 > end) return;
  const last = Math.min(end, at + 2 + u16(bytes, at));
  at += 2;
  while (at + 4 <= last) {
    const next = at + 4 + u16(bytes, at + 2);
    read(u16(bytes, at), at + 4, Math.min(next, last));
    at = next;
  }
}

/** Drafts are below what became of them. */
function rank(version: number): number {
  return version >> 8 === 0x7f ? tls12 + 0.5 : version;
}

/** Names are ASCII without blanks (RFC 6066, RFC 7301's registry); anything else is not a name. */
function printable(bytes: Buffer, start: number, end: number): string {
  if (end - start > 255) return '';
  for (let at = start; at < end; at++) if (bytes[at]! <= 0x20 || bytes[at]! > 0x7e) return '';
  return interned.get(bytes, start, end);
}

/** Behind a field with a length of one byte; beyond `end` when it is cut. */
function skip8(bytes: Buffer, at: number, end: number): number {
  return at < end ? at + 1 + bytes[at]! : end + 1;
}

function u16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
