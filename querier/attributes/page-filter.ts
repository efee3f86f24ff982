/** The page's filters: `f=key=value` keeps what has it, `f=-key=value` leaves it out. */
import { QueryError } from '../errors.ts';

export interface PageFilter {
  key: string;
  value: string;
  exclude: boolean;
}

export function readFilters(query: URLSearchParams): PageFilter[] {
  return query.getAll('f').map((text) => {
    const match = /^(-?)([^=]+)=(.*)$/s.exec(text);
    if (match === null) throw new QueryError('BAD_REQUEST', `f: "${text}" is not key=value or -key=value`);
    return { key: match[2]!, value: match[3]!, exclude: match[1] === '-' };
  });
}
