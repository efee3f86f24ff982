/** One way to ask: method, path and a function from a request to an answer, free of any HTTP framework. */
import type { Readable } from 'node:stream';
import type { QueryRequest } from './request.ts';

export interface RouteRequest extends QueryRequest {
  /** Named parts of the path, decoded. */
  path: Readonly<Record<string, string>>;
  /** Body of a POST as text; empty otherwise. */
  body: string;
  /** The `Accept` header, empty when there was none. */
  accept: string;
  /** Milliseconds since 1970: what "now" means for this request. */
  nowMs: number;
}

export type Answer =
  | { kind: 'json'; body: unknown }
  | { kind: 'text'; body: string }
  | { kind: 'bytes'; contentType: string; body: Uint8Array }
  | { kind: 'stream'; contentType: string; body: Readable };

export interface Route {
  method: 'GET' | 'POST';
  /** As Express writes it: `/api/traces/:id`. */
  path: string;
  /** Rejects with a QueryError. */
  handle(request: RouteRequest): Promise<Answer>;
}

export function json(body: unknown): Answer {
  return { kind: 'json', body };
}
