/** Numbers of TLS: record types, handshake messages, extensions, and what versions and groups are called. */

export const records = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23, heartbeat: 24 } as const;

export const handshakes = {
  clientHello: 1,
  serverHello: 2,
  certificate: 11,
  serverKeyExchange: 12,
  serverHelloDone: 14,
} as const;

export const extensions = {
  serverName: 0,
  alpn: 16,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  keyShare: 51,
} as const;

export const tls12 = 0x0303;
export const tls13 = 0x0304;

/** `1.3`; `3.0` is SSL. Drafts of TLS 1.3 (RFC 8446's predecessors, 0x7fXX) count as it. Empty: no version that there is. */
export function versionText(version: number): string {
  if (version === 0x0300) return '3.0';
  if (version > 0x0300 && version <= tls13) return `1.${(version & 0xff) - 1}`;
  return version >> 8 === 0x7f ? '1.3' : '';
}

/** Values that clients send to see whether servers bear unknown ones: 0x0a0a, 0x1a1a … 0xfafa (RFC 8701). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

const groups: ReadonlyMap<number, string> = new Map([
  [19, 'secp192r1'],
  [21, 'secp224r1'],
  [22, 'secp256k1'],
  [23, 'secp256r1'],
  [24, 'secp384r1'],
  [25, 'secp521r1'],
  [26, 'brainpoolP256r1'],
  [27, 'brainpoolP384r1'],
  [28, 'brainpoolP512r1'],
  [29, 'x25519'],
  [30, 'x448'],
  [41, 'curveSM2'],
  [256, 'ffdhe2048'],
  [257, 'ffdhe3072'],
  [258, 'ffdhe4096'],
  [259, 'ffdhe6144'],
  [260, 'ffdhe8192'],
  [512, 'MLKEM512'],
  [513, 'MLKEM768'],
  [514, 'MLKEM1024'],
  [4587, 'SecP256r1MLKEM768'],
  [4588, 'X25519MLKEM768'],
  [4589, 'SecP384r1MLKEM1024'],
  [0x6399, 'X25519Kyber768Draft00'],
]);

/** `x25519` (IANA "TLS Supported Groups"); the number in hex for one without a name. */
export function groupName(group: number): string {
  return groups.get(group) ?? `0x${group.toString(16).padStart(4, '0')}`;
}
