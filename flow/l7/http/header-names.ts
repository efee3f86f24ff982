/** The header names that the HTTP parsers look for, found in bytes; all other headers pass without becoming strings. */
import { knownTraceHeaders } from '../../trace-context/headers.ts';
import { NameTable } from '../../trace-context/name-table.ts';
import type { ProtocolOptions } from '../options.ts';

/** Positions in the table of the names with a meaning of their own; what comes after them carries a trace context or is captured. */
export const header = {
  host: 0,
  contentLength: 1,
  transferEncoding: 2,
  upgrade: 3,
  userAgent: 4,
  forwardedFor: 5,
  forwarded: 6,
  forwardedProto: 7,
  contentType: 8,
  method: 9,
  path: 10,
  authority: 11,
  scheme: 12,
  status: 13,
  grpcStatus: 14,
  grpcMessage: 15,
  tripleVersion: 16,
  tripleGroup: 17,
  triple: 18,
  tripleApplication: 19,
  tripleTimeout: 20,
  tripleException: 21,
} as const;

const named: readonly string[] = [
  'host',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-forwarded-for',
  'forwarded',
  'x-forwarded-proto',
  'content-type',
  ':method',
  ':path',
  ':authority',
  ':scheme',
  ':status',
  'grpc-status',
  'grpc-message',
  'tri-service-version',
  'tri-service-group',
  'tri-protocol-version',
  'tri-consumer-appname',
  'tri-service-timeout',
  'tri-exception-code',
];

export interface HeaderNames {
  readonly table: NameTable;
  /** By position, as bits: {@link captured}, {@link traced}, {@link plain}. 0: only the parser itself has a use for it. */
  readonly uses: Uint8Array;
}

/** Noted as an attribute of its own. */
export const captured = 1;
/** May carry a trace context or a request id. */
export const traced = 2;
/** Has a place in the message. */
export const plain = 4;

const plainNames: readonly string[] = ['user-agent', 'x-forwarded-for', 'forwarded', 'x-forwarded-proto'];

const cache = new WeakMap<ProtocolOptions, HeaderNames>();

/** The names under these options. */
export function headerNames(options: ProtocolOptions): HeaderNames {
  let names = cache.get(options);
  if (names === undefined) {
    const traces = [...knownTraceHeaders, ...options.traceHeaders];
    const all = [...new Set([...named, ...traces, ...options.capturedHeaders])];
    const uses = new Uint8Array(all.length);
    for (let index = 0; index < all.length; index++) {
      const name = all[index]!;
      if (options.capturedHeaders.includes(name)) uses[index]! |= captured;
      if (traces.includes(name)) uses[index]! |= traced;
      if (plainNames.includes(name)) uses[index]! |= plain;
    }
    names = { table: new NameTable(all), uses };
    cache.set(options, names);
  }
  return names;
}
