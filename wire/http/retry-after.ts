/** The `Retry-After` header (RFC 9110 §10.2.3). */

/** Milliseconds to wait from `nowMs` on: from seconds or an HTTP date; undefined when the header is absent or unreadable. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
