/** Whether the headers of a request are what HTTP/2 allows (RFC 9113 §8.2, §8.3). */
import type { Headers } from './hpack.ts';

const requestPseudoHeaders = new Set([':method', ':scheme', ':path', ':authority']);
const connectionHeaders = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** True when a request must be reset instead of handled. */
export function malformedRequest(headers: Headers): boolean {
  // The reader of header blocks marks pseudo-headers out of place with an empty name.
  if (headers[''] !== undefined) return true;
  if (!headers[':method'] || !headers[':scheme'] || !headers[':path']) return true;
  for (const name in headers) {
    if (name.charCodeAt(0) === 0x3a ? !requestPseudoHeaders.has(name) : connectionHeaders.has(name)) return true;
    if (hasUpperCase(name)) return true;
  }
  return headers.te !== undefined && headers.te !== 'trailers';
}

function hasUpperCase(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return true;
  }
  return false;
}
