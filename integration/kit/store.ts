/** SQL over the ClickHouse HTTP interface of the embedded store's socket. */
import { join } from 'node:path';
import { send } from './http.ts';

/** Asks the store that lives in `directory`; gives the rows as objects. */
export async function sql<Row = Record<string, unknown>>(directory: string, query: string): Promise<Row[]> {
  const { status, body } = await send(
    { socketPath: join(directory, 'http.sock'), method: 'POST', path: '/?database=otel&default_format=JSONEachRow' },
    query,
  );
  const text = body.toString();
  if (status !== 200) throw new Error(`the store answered ${status} to ${query}: ${text}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
