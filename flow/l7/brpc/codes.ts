/** Error codes of bRPC (brpc/errno.proto); others are the service's own or the system's errno. */

const names: Readonly<Record<number, string>> = {
  0: 'OK',
  1001: 'ENOSERVICE',
  1002: 'ENOMETHOD',
  1003: 'EREQUEST',
  1004: 'ERPCAUTH',
  1005: 'ETOOMANYFAILS',
  1006: 'EPCHANFINISH',
  1007: 'EBACKUPREQUEST',
  1008: 'ERPCTIMEDOUT',
  1009: 'EFAILEDSOCKET',
  1010: 'EHTTP',
  1011: 'EOVERCROWDED',
  1012: 'ERTMPPUBLISHABLE',
  1013: 'ERTMPCREATESTREAM',
  1014: 'EEOF',
  1015: 'EUNUSED',
  1016: 'ESSL',
  1017: 'EH2RUNOUTSTREAMS',
  1018: 'EREJECT',
  2001: 'EINTERNAL',
  2002: 'ERESPONSE',
  2003: 'ELOGOFF',
  2004: 'ELIMIT',
  2005: 'ECLOSE',
  2006: 'EITP',
  3001: 'ERDMA',
  3002: 'ERDMAMEM',
};

export function errorName(code: number): string {
  return names[code] ?? String(code);
}

/** Compression of payloads (options.proto, CompressType). */
export const compressions: readonly string[] = ['none', 'snappy', 'gzip', 'zlib', 'lz4'];
