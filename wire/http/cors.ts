/** Cross-origin requests of browsers: preflight answers and response headers (WHATWG Fetch, "CORS protocol"). */
import type { HttpHead, HttpReply } from './server.ts';

export interface CorsOptions {
  /** Origins such as `https://*.example.com`; a `*` stands for any text. */
  allowedOrigins: readonly string[];
  /** Request headers besides the always allowed ones; `*` allows all. */
  allowedHeaders: readonly string[];
  exposedHeaders: readonly string[];
  /** How long a browser may remember a preflight answer; 0 leaves it to the browser. */
  maxAgeSeconds: number;
}

export interface Cors {
  /** The answer to a preflight request; undefined for any other request. */
  preflight(head: HttpHead): HttpReply | undefined;
  /** What to add to the answer of a cross-origin request. */
  headers(head: HttpHead): Record<string, string>;
}

const alwaysAllowedHeaders = ['accept', 'content-type', 'x-requested-with'];

export function createCors(options: CorsOptions): Cors {
  const origins = options.allowedOrigins.map(patternOf);
  const anyHeader = options.allowedHeaders.includes('*');
  const allowedHeaders = new Set([
    ...alwaysAllowedHeaders,
    ...options.allowedHeaders.map((name) => name.toLowerCase()),
  ]);

  function allowedOrigin(head: HttpHead): string | undefined {
    const { origin } = head.headers;
    return origin !== undefined && origins.some((pattern) => pattern.test(origin)) ? origin : undefined;
  }

  return {
    preflight(head) {
      const method = head.headers['access-control-request-method'];
      if (head.method !== 'OPTIONS' || method === undefined) return undefined;
      const headers: Record<string, string> = {
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      };
      const asked = (head.headers['access-control-request-headers'] ?? '').toLowerCase();
      const names = asked
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '');
      const allowed = method === 'POST' && (anyHeader || names.every((name) => allowedHeaders.has(name)));
      if (allowed && allowedOrigin(head) !== undefined) {
        headers['access-control-allow-methods'] = 'POST';
        if (names.length > 0) headers['access-control-allow-headers'] = asked;
        if (options.maxAgeSeconds > 0) headers['access-control-max-age'] = String(options.maxAgeSeconds);
      }
      return { status: 204, headers, body: '' };
    },
    headers(head) {
      const origin = allowedOrigin(head);
      if (origin === undefined) return {};
      const headers: Record<string, string> = {
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      };
      if (head.method !== 'OPTIONS') headers.vary = 'Origin';
      if (options.exposedHeaders.length > 0)
        headers['access-control-expose-headers'] = options.exposedHeaders.join(', ');
      return headers;
    },
  };
}

function patternOf(origin: string): RegExp {
  const text = origin
    .split('*')
    .map((part) => part.replace(/[.\\+?^${}()|[\]]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${text}$`, 'i');
}
