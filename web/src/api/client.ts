/** Asks this page's own server; every failure becomes an ApiError that can be shown. */

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | number | undefined | readonly string[]>>;

/** Address of an API below `/api/v1`; empty parameters are left out. */
export function apiUrl(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue;
    if (typeof value === 'object') for (const one of value) parameters.append(name, one);
    else parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`;
}

export async function getJson<T>(url: string, signal: AbortSignal): Promise<T> {
  return (await ask(url, { signal })) as T;
}

/** Sends SQL; aborting also stops the query in the store. */
export async function postSql<T>(sql: string, signal: AbortSignal): Promise<T> {
  return (await ask(apiUrl('/sql'), { method: 'POST', body: sql, signal })) as T;
}

async function ask(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError('COLLECTOR_UNREACHABLE', 'The collector does not answer. Is it still running?', 0);
  }
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError('BAD_ANSWER', `The collector answered with ${response.status} and no JSON.`, response.status);
  }
  if (response.ok) return body;
  const error = (body as { error?: { code?: string; message?: string } }).error;
  throw new ApiError(error?.code ?? 'UNKNOWN', error?.message ?? `Status ${response.status}`, response.status);
}
