/** Tags in logfmt, as Tempo's older search takes them: `service.name=cart http.status_code=500 name="GET /"`. */
import { QueryError } from '../errors.ts';
import { unquote } from '../traceql/lexer.ts';
import { attribute, intrinsic, type Predicate, statusCodes } from '../traces/predicate.ts';

/** `name` and `status` (also `error=true`) speak of the span itself, everything else of attributes. */
export function parseTags(text: string): Predicate[] {
  const tags: Predicate[] = [];
  let at = 0;
  const pattern = /\s*([^\s=]+)=("(?:[^"\\]|\\.)*"|[^\s]*)\s*/y;
  while (at < text.trimEnd().length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new QueryError('BAD_REQUEST', `tags: expected key=value at "${text.slice(at, at + 40)}"`);
    const value = match[2]!.startsWith('"') ? unquote(match[2]!) : match[2]!;
    tags.push(tagPredicate(match[1]!, value));
    at = pattern.lastIndex;
  }
  return tags;
}

export function tagPredicate(key: string, value: string): Predicate {
  if (key === 'name') return intrinsic('name', '=', value);
  const status = statusCodes[value];
  if ((key === 'status' || key === 'status.code') && status !== undefined) return intrinsic('status', '=', status);
  if (key === 'error' && value === 'true') return intrinsic('status', '=', statusCodes.error!);
  return attribute(key, '=', value);
}
