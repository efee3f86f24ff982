/** `POST /api/v1/sql`: the body is SQL, the answer is ClickHouse's JSON format; reading only. */
import { QueryError } from '../errors.ts';
import type { Route } from '../route.ts';
import { rejectWriting } from './statement.ts';

export const sqlRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/sql',
    async handle({ store, body, signal }) {
      const sql = body.trim().replace(/;\s*$/, '');
      if (sql === '')
        throw new QueryError('BAD_REQUEST', 'The body is empty: send the SQL as the body of the request.');
      rejectWriting(sql);
      return { kind: 'stream', contentType: 'application/json', body: await store.answer(sql, signal) };
    },
  },
];
