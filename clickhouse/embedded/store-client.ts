/** The few words that the store's own keepers say to it over its socket: heartbeats and short statements. */
import { request } from 'node:http';

/** True when the store ran a statement within the time. */
export async function beat(directory: string, timeoutMs: number): Promise<boolean> {
  try {
    const answer = await ask({
      socketPath: socketOf(directory),
      path: '/heartbeat',
      timeoutMs,
      body: '',
      password: undefined,
    });
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** Runs one statement and returns its rows as text; rejects with the store's exception. */
export async function runSql(
  directory: string,
  sql: string,
  options: { timeoutMs: number; password: string | undefined },
): Promise<string> {
  const answer = await ask({
    socketPath: socketOf(directory),
    path: '/?default_format=JSONCompact',
    body: sql,
    ...options,
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.text;
}

/** Where a store in that directory listens. */
export function socketOf(directory: string): string {
  return `${directory}/http.sock`;
}

interface Question {
  socketPath: string;
  path: string;
  body: string;
  timeoutMs: number;
  password: string | undefined;
}

function ask({ socketPath, path, body, timeoutMs, password }: Question): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = password === undefined ? {} : { 'X-ClickHouse-Key': password };
    const signal = AbortSignal.timeout(timeoutMs);
    const req = request({ socketPath, path, method: 'POST', headers, signal, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('end', () => resolve({ status: res.statusCode!, text }));
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}
