/** Functions by which HTTP/2 of Go reads and writes blocks of header fields, in the places where it may live. */

const vendored = 'vendor/golang.org/x/net/http2/hpack.';

/** The type that frames, and the package that compresses for it. */
const places: readonly [framer: string, hpack: string][] = [
  ['net/http.(*http2Framer)', vendored],
  ['net/http/internal/http2.(*Framer)', vendored],
  ['golang.org/x/net/http2.(*Framer)', 'golang.org/x/net/http2/hpack.'],
];

/**
 * What is missed of connections that are older than the probes, because a function is not found that others would need; empty when
 * nothing is, or there is no HTTP/2.
 */
export function tablesReason(functions: ReadonlyMap<string, unknown>): string {
  for (const [framer, hpack] of places) {
    const framing = [`${framer}.readMetaFrame`, `${framer}.WriteHeaders`];
    if (!framing.some((name) => functions.has(name))) continue;
    const needed = [...framing, `${hpack}(*Decoder).Write`, `${hpack}(*Encoder).WriteField`];
    const missing = needed.find((name) => !functions.has(name));
    if (missing !== undefined)
      return `calls over HTTP/2 connections that are older than the collector may lack fields: ${missing} is not found in it`;
  }
  return '';
}
