/** What a log search asks for, read from the URL, and its SQL condition. */
import { hexOrEmpty } from '../../clickhouse/tables/sql.ts';
import { attributeCondition } from '../attributes/filter-sql.ts';
import { type PageFilter, readFilters } from '../attributes/page-filter.ts';
import { QueryError } from '../errors.ts';
import type { TimeRange } from '../request.ts';
import type { Params } from '../store/params.ts';
import { parseSpanId, parseTraceId } from '../traces/trace-id.ts';

export interface LogSearch {
  range: TimeRange;
  service: string;
  /** Lowest OTLP severity number; 0 for all. */
  minSeverity: number;
  /** Text the body contains, whatever its case. */
  text: string;
  traceId: string;
  spanId: string;
  filters: PageFilter[];
  /** Continue after this record: its time, and how many records of that very time were already given. */
  after: { timeNs: string; skip: number } | undefined;
}

/** First severity number of each name (OpenTelemetry log data model, SeverityNumber). */
export const severities: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

export function readLogSearch(query: URLSearchParams, range: TimeRange): LogSearch {
  const severity = query.get('severity') ?? '';
  if (severity !== '' && !(severity in severities)) {
    throw new QueryError('BAD_REQUEST', `severity is one of ${Object.keys(severities).join(', ')}`);
  }
  const traceId = query.get('trace') ?? '';
  const spanId = query.get('span') ?? '';
  return {
    range,
    service: query.get('service') ?? '',
    minSeverity: severities[severity] ?? 0,
    text: query.get('q') ?? '',
    traceId: traceId === '' ? '' : parseTraceId(traceId),
    spanId: spanId === '' ? '' : parseSpanId(spanId),
    filters: readFilters(query),
    after: readCursor(query.get('after') ?? ''),
  };
}

function readCursor(text: string): LogSearch['after'] {
  if (text === '') return undefined;
  const match = /^(\d{1,19}):(\d{1,9})$/.exec(text);
  if (match === null) throw new QueryError('BAD_REQUEST', 'after must be the "next" of an earlier answer');
  return { timeNs: match[1]!, skip: Number(match[2]) };
}

export function logCondition(search: LogSearch, params: Params): string {
  const { range, after } = search;
  const parts = [`time >= fromUnixTimestamp64Nano(${params.add('Int64', String(range.fromNs))})`];
  if (after === undefined) parts.push(`time < fromUnixTimestamp64Nano(${params.add('Int64', String(range.toNs))})`);
  else parts.push(`time <= fromUnixTimestamp64Nano(${params.add('Int64', after.timeNs)})`);
  if (search.service !== '') parts.push(`service_name = ${params.add('String', search.service)}`);
  if (search.minSeverity > 0) parts.push(`severity_number >= ${params.add('Int32', search.minSeverity)}`);
  if (search.text !== '') parts.push(`positionCaseInsensitiveUTF8(body, ${params.add('String', search.text)}) > 0`);
  if (search.traceId !== '') parts.push(`${hexOrEmpty('trace_id')} = ${params.add('String', search.traceId)}`);
  if (search.spanId !== '') parts.push(`span_id = unhex(${params.add('String', search.spanId)})`);
  for (const filter of search.filters) parts.push(filterCondition(filter, params));
  return parts.join(' AND ');
}

function filterCondition({ key, value, exclude }: PageFilter, params: Params): string {
  const condition = attributeCondition('any', key, '=', { kind: 'string', value }, params);
  return exclude ? `NOT (${condition})` : condition;
}
